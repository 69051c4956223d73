import { useState } from "react";
import { useLocation, useParams } from "wouter";
import { to, withQuery } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { unitText } from "../../forms/sentences.ts";
import { useText } from "../../language/text.ts";
import { LatestMessages } from "./latest-messages.tsx";
import { PublishPanel } from "./publish-panel.tsx";
import { TopicSubscriptions } from "./topic-subscriptions.tsx";
import { Labels } from "./labels.tsx";

export default function TopicScreen() {
  const text = useText();
  const { topic = "" } = useParams();
  const blocks = useBlocks();
  const [isDeleting, setDeleting] = useState(false);
  const { data, error, refetch } = useRead("/v1/topics/{topic}", { params: { path: { topic } } });
  const isMissing = data === undefined && error !== null;
  const actions = (
    <>
      <LinkButton href={withQuery(to.messages, { topic })}>{text("topics.searchMessages")}</LinkButton>
      <LinkButton href={to.editTopic(topic)} blocked={blocks.change}>
        {text("common.edit")}
      </LinkButton>
      <Button kind="danger" blocked={blocks.change} onClick={() => setDeleting(true)}>
        {text("common.delete")}
      </Button>
    </>
  );
  return (
    <Page title={topic} above={[[text("nav.topics"), to.topics]]} actions={isMissing ? undefined : actions}>
      {isMissing ? (
        <ProblemNotice error={error} retry={() => void refetch()} />
      ) : (
        <>
          <TopicSubscriptions topic={topic} />
          <LatestMessages topic={topic} />
          <PublishPanel topic={topic} />
          <TopicFacts topic={topic} />
          <DeleteTopic topic={topic} open={isDeleting} onClose={() => setDeleting(false)} />
        </>
      )}
    </Page>
  );
}

function TopicFacts({ topic }: { readonly topic: string }) {
  const text = useText();
  const { data } = useRead("/v1/topics/{topic}", { params: { path: { topic } } });
  return (
    <Panel title={text("topics.settings")}>
      {data === undefined ? (
        <Loading lines={5} />
      ) : (
        <Facts
          facts={[
            [text("common.description"), data.description === "" ? undefined : data.description],
            [text("label.retentionMs"), unitText("retentionMs", data.retentionMs, text)],
            [text("label.bodyBytesMax"), unitText("bodyBytesMax", data.bodyBytesMax, text)],
            [text("label.accepts"), text("topics.accepts", data.accepts)],
            [
              text("common.labels"),
              Object.keys(data.labels).length === 0 ? undefined : <Labels key="labels" labels={data.labels} />,
            ],
            [text("common.createdAt"), <Time key="created" at={data.createdAt} />],
            [text("common.updatedAt"), <Time key="updated" at={data.updatedAt} />],
          ]}
        />
      )}
    </Panel>
  );
}

interface DeleteTopicProps {
  readonly topic: string;
  readonly open: boolean;
  readonly onClose: () => void;
}

function DeleteTopic({ topic, open, onClose }: DeleteTopicProps) {
  const text = useText();
  const [, navigate] = useLocation();
  const { mutate, isPending, error } = useAction({
    run: () => client().delete("/v1/topics/{topic}", { params: { path: { topic } } }),
    changes: ["/v1/topics", "/v1/subscriptions"],
    done: () => text("common.deleted", { name: topic }),
  });
  return (
    <Confirm
      title={text("topics.deleteTitle", { topic })}
      open={open}
      onClose={onClose}
      verb={text("common.delete")}
      typedName={topic}
      busy={isPending}
      error={error}
      onConfirm={() => mutate(undefined, { onSuccess: () => navigate(to.topics) })}
    >
      {text("topics.deleteWhat")}
    </Confirm>
  );
}
