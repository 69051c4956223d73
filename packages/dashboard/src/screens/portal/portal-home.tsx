import { useState } from "react";
import { Link } from "wouter";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { invalidate, useList } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { useSignedIn } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Field, Select } from "../../parts/field.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { useText, type Text } from "../../language/text.ts";
import { AttemptsPanel } from "../subscriptions/attempts-panel.tsx";
import { subscriptionColumns } from "../subscriptions/columns.tsx";
import type { ShownSubscription } from "../subscriptions/condition.tsx";
import type { OfSubscription } from "../subscriptions/state-buttons.tsx";
import { topicColumn } from "../subscriptions/topic-column.tsx";
import { TestDialog } from "../subscriptions/test-dialog.tsx";
import { subscriptionEvents } from "../topics/topic-subscriptions.tsx";
import { NewEndpoint } from "./new-endpoint.tsx";
import { EventCatalogue } from "./event-catalogue.tsx";

const path = "/v1/subscriptions";
const readEveryMs = 5_000;

/** A customer's endpoints, and what they got. */
export default function PortalHome() {
  const text = useText();
  const { topics } = useSignedIn();
  const { change: blocked } = useBlocks();
  const [isNew, setNew] = useState(false);
  const [tested, setTested] = useState<OfSubscription | null>(null);
  const list = useList(path, {}, { everyMs: readEveryMs });
  useLive({ types: subscriptionEvents }, () => void invalidate(path));
  const button = (
    <Button kind="primary" blocked={blocked} onClick={() => setNew(true)}>
      {text("portal.newEndpoint")}
    </Button>
  );
  const hasTopics = new Set(list.items?.map(({ topic }) => topic)).size > 1;
  const columns = [
    ...subscriptionColumns(text),
    ...(hasTopics ? [topicColumn(text)] : []),
    testColumn(text, blocked, setTested),
  ];
  return (
    <Page title={text("portal.title")} actions={button}>
      <Panel
        flush
        title={text("portal.endpoints")}
        actions={<LinkButton href={to.deadLetters}>{text("nav.deadLetters")}</LinkButton>}
      >
        <Table
          label={text("portal.endpoints")}
          columns={columns}
          rows={list.items}
          rowKey={({ topic, name }) => `${topic}/${name}`}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            <Empty title={text("portal.noEndpoints")} action={button}>
              {text("portal.about")}
            </Empty>
          }
        />
      </Panel>
      {list.items !== undefined && list.items.length > 0 && <LatestAttempts endpoints={list.items} />}
      {topics === null && <EventCatalogue />}
      {isNew && <NewEndpoint onClose={() => setNew(false)} />}
      {tested !== null && <TestDialog {...tested} onClose={() => setTested(null)} />}
    </Page>
  );
}

function testColumn(
  text: Text,
  blocked: string | undefined,
  onTest: (endpoint: OfSubscription) => void,
): Column<ShownSubscription> {
  return {
    key: "test",
    title: <span className="sr-only">{text("common.actions")}</span>,
    align: "right",
    width: "7rem",
    cell: ({ topic, name, push }) =>
      push !== null && (
        <Button
          kind="quiet"
          blocked={blocked}
          aria-label={text("test.title", { subscription: name })}
          onClick={() => onTest({ topic, subscription: name })}
        >
          {text("subscription.test")}
        </Button>
      ),
  };
}

/** The attempts of one endpoint, which the reader chooses. */
function LatestAttempts({ endpoints }: { readonly endpoints: readonly ShownSubscription[] }) {
  const text = useText();
  const [chosen, setChosen] = useQueryValue("endpoint");
  const pushed = endpoints.filter(({ push }) => push !== null);
  const shown = pushed.find((endpoint) => keyOf(endpoint) === chosen) ?? pushed[0];
  if (shown === undefined) return null;
  return (
    <>
      <div className="flex flex-wrap items-end justify-between gap-3">
        <div className="w-72 max-w-full">
          <Field label={text("portal.attemptsOf")}>
            <Select value={keyOf(shown)} onChange={({ target }) => setChosen(target.value)}>
              {pushed.map((endpoint) => (
                <option key={keyOf(endpoint)}>{keyOf(endpoint)}</option>
              ))}
            </Select>
          </Field>
        </div>
        <Link href={to.subscription(shown.topic, shown.name)} className="text-accent hover:underline">
          {text("portal.toEndpoint")}
        </Link>
      </div>
      <AttemptsPanel key={keyOf(shown)} topic={shown.topic} subscription={shown.name} />
    </>
  );
}

function keyOf({ topic, name }: ShownSubscription): string {
  return `${topic} / ${name}`;
}
