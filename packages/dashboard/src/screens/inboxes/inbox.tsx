import { useState } from "react";
import { useParams } from "wouter";
import type { components } from "@ringback/sdk/client";
import { useAction } from "../../api/action.ts";
import { useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { client } from "../../api/session.ts";
import { Button } from "../../parts/button.tsx";
import { Code } from "../../parts/code.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Field, TextArea } from "../../parts/field.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Time } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";
import { ResourcePage } from "../resources/resource-page.tsx";
import { inboxKind } from "./inbox-kind.ts";
import { WatchPanel } from "./watch-panel.tsx";

type Inbox = components["schemas"]["CountedInbox"];

const path = "/v1/inboxes/{inbox}";
const waitingEveryMs = 3_000;

export default function InboxScreen() {
  const text = useText();
  const { inbox = "" } = useParams();
  const { data, error, refetch } = useRead(path, { params: { path: { inbox } } }, { everyMs: waitingEveryMs });
  return (
    <ResourcePage
      kind={inboxKind(text)}
      name={inbox}
      deleteHelp={text("inboxes.deleteHelp")}
      note={data !== undefined && <span className="text-muted">{text.count("inboxes.waiting", data.waiting)}</span>}
    >
      {error !== null && data === undefined && <ProblemNotice error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={6} />}
      {data !== undefined && (
        <>
          <Address inbox={data} />
          <WatchPanel inbox={inbox} />
          <SendPanel inbox={inbox} />
          <InboxFacts inbox={data} />
        </>
      )}
    </ResourcePage>
  );
}

/** Where senders POST to, and how it is replaced. */
function Address({ inbox }: { readonly inbox: Inbox }) {
  const text = useText();
  const { change: blocked } = useBlocks();
  const [isAsking, setAsking] = useState(false);
  const rotate = useAction({
    run: () => client().post("/v1/inboxes/{inbox}/rotate-path", { params: { path: { inbox: inbox.name } } }),
    changes: [path],
    done: () => text("inboxes.rotated"),
  });
  const url = location.origin + (inbox.receivePath ?? `/in/${encodeURIComponent(inbox.name)}`);
  return (
    <Panel
      title={text("inboxes.address")}
      actions={
        <Button blocked={blocked} onClick={() => setAsking(true)}>
          {text("inboxes.rotate")}
        </Button>
      }
    >
      <div className="grid gap-3 lg:grid-cols-2">
        <Code label={text("inboxes.url")} text={url} />
        <Code label="curl" text={`curl -X POST '${url}' -H 'Content-Type: application/json' -d '{"hello": "world"}'`} />
      </div>
      <Confirm
        title={text("inboxes.rotate")}
        verb={text("inboxes.rotate")}
        open={isAsking}
        busy={rotate.isPending}
        error={rotate.error}
        onClose={() => setAsking(false)}
        onConfirm={() => rotate.mutate(undefined, { onSuccess: () => setAsking(false) })}
      >
        {text("inboxes.rotateHelp")}
      </Confirm>
    </Panel>
  );
}

/** Sends a message to the inbox, to try it. */
function SendPanel({ inbox }: { readonly inbox: string }) {
  const text = useText();
  const { publish: blocked } = useBlocks();
  const [body, setBody] = useState('{"hello": "world"}');
  const send = useAction({
    run: () => {
      const init = {
        params: { path: { inbox } },
        body,
        bodySerializer: String,
        headers: { "content-type": "application/json" },
      };
      return (client().post as unknown as (path: string, init: object) => Promise<unknown>)("/in/{inbox}", init);
    },
    changes: [path],
    done: () => text("inboxes.sent"),
  });
  return (
    <Panel title={text("inboxes.try")}>
      <div className="flex flex-col gap-3">
        <Field label={text("messages.body")}>
          <TextArea rows={3} value={body} onChange={({ target }) => setBody(target.value)} />
        </Field>
        <ProblemNotice error={send.error} />
        <div>
          <Button busy={send.isPending} blocked={blocked} onClick={() => send.mutate()}>
            {text("inboxes.send")}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function InboxFacts({ inbox }: { readonly inbox: Inbox }) {
  const text = useText();
  const { topic, accept, messagesMax, verify, description, createdAt, updatedAt } = inbox;
  return (
    <Panel title={text("resources.settings")}>
      <Facts
        facts={[
          [text("common.description"), description === "" ? undefined : description],
          [text("nav.topic"), topic ?? undefined],
          [text("inboxes.accepts"), accept],
          [text("inboxes.messagesMax"), messagesMax],
          [text("inboxes.verifies"), verify === null ? undefined : verify.method],
          [text("common.createdAt"), <Time key="created" at={createdAt} />],
          [text("common.updatedAt"), <Time key="updated" at={updatedAt} />],
        ]}
      />
    </Panel>
  );
}
