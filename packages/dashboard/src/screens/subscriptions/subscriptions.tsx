import { useState } from "react";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { invalidate, useList } from "../../api/queries.ts";
import { useSignedIn } from "../../api/session.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { FilterChoice, FilterText } from "../../parts/filter.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { useText, type Text } from "../../language/text.ts";
import { subscriptionEvents } from "../topics/topic-subscriptions.tsx";
import { BulkActions, type Chosen } from "./bulk-actions.tsx";
import { subscriptionColumns } from "./columns.tsx";
import type { ShownSubscription } from "./condition.tsx";
import { topicColumn } from "./topic-column.tsx";

const path = "/v1/subscriptions";
const states = ["active", "paused", "disabled", "healthy", "failing", "open", "lagging"] as const;
const healths = ["healthy", "unhealthy", "failing", "open"] as const;
const countsEveryMs = 5_000;

export default function Subscriptions() {
  const text = useText();
  const { portal } = useSignedIn();
  const { query, isFiltered, clear, fields } = useFilters(text);
  const [chosen, setChosen] = useState<ReadonlyMap<string, Chosen>>(new Map());
  const list = useList(path, { params: { query } }, { everyMs: countsEveryMs });
  useLive({ types: subscriptionEvents }, () => void invalidate(path));
  const toggle = (row: ShownSubscription): void => {
    const changed = new Map(chosen);
    if (!changed.delete(keyOf(row))) changed.set(keyOf(row), { topic: row.topic, subscription: row.name });
    setChosen(changed);
  };
  return (
    <Page
      title={text("nav.subscriptions")}
      actions={!portal && <LinkButton href={to.topics}>{text("subscriptions.newFrom")}</LinkButton>}
    >
      <div className="grid grid-cols-2 gap-2 lg:grid-cols-5">{fields}</div>
      <Panel
        flush
        title={text("nav.subscriptions")}
        actions={<BulkActions chosen={[...chosen.values()]} onDone={() => setChosen(new Map())} />}
      >
        <Table
          label={text("nav.subscriptions")}
          columns={[choiceColumn(text, chosen, toggle), ...subscriptionColumns(text), topicColumn(text)]}
          rows={list.items}
          rowKey={keyOf}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={<NoSubscriptions isFiltered={isFiltered} onClear={clear} />}
        />
      </Panel>
    </Page>
  );
}

function keyOf({ topic, name }: ShownSubscription): string {
  return `${topic}/${name}`;
}

/** The filters in the page's address, the query that they make, and their fields. */
function useFilters(text: Text) {
  const [state, setState] = useQueryValue("state");
  const [health, setHealth] = useQueryValue("health");
  const [label, setLabel] = useQueryValue("label");
  const [name, setName] = useQueryValue("name");
  const [topic, setTopic] = useQueryValue("topic");
  const knownState = states.find((word) => word === state);
  const knownHealth = healths.find((word) => word === health);
  const query = {
    ...(knownState !== undefined && { state: knownState }),
    ...(knownHealth !== undefined && { health: knownHealth }),
    ...(label !== "" && { label }),
    ...(name !== "" && { name: pattern(name) }),
    ...(topic !== "" && { topic: pattern(topic) }),
  };
  const clear = (): void => {
    for (const set of [setState, setHealth, setLabel, setName, setTopic]) set("");
  };
  const fields = [
    <FilterChoice
      key="state"
      label={text("common.state")}
      value={state}
      words={states}
      named="subscriptionFilter"
      onChange={setState}
    />,
    <FilterChoice
      key="health"
      label={text("subscriptions.health")}
      value={health}
      words={healths}
      named="subscriptionFilter"
      onChange={setHealth}
    />,
    <FilterText key="name" label={text("nav.subscription")} value={name} example="billing*" onChange={setName} />,
    <FilterText key="topic" label={text("nav.topic")} value={topic} example="orders*" onChange={setTopic} />,
    <FilterText key="label" label={text("common.label")} value={label} example="customer=acme" onChange={setLabel} />,
  ];
  return { query, isFiltered: Object.keys(query).length > 0, clear, fields };
}

/** Without a star, a name is searched wherever it begins. */
function pattern(name: string): string {
  return name.includes("*") ? name : `${name}*`;
}

function choiceColumn(
  text: Text,
  chosen: ReadonlyMap<string, Chosen>,
  toggle: (row: ShownSubscription) => void,
): Column<ShownSubscription> {
  return {
    key: "choice",
    title: <span className="sr-only">{text("subscriptions.choice")}</span>,
    width: "2.5rem",
    cell: (row) => (
      <input
        type="checkbox"
        className="block size-4 accent-(--accent)"
        aria-label={text("subscriptions.choose", { name: row.name })}
        checked={chosen.has(keyOf(row))}
        onChange={() => toggle(row)}
      />
    ),
  };
}

function NoSubscriptions({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  const text = useText();
  const { portal } = useSignedIn();
  if (isFiltered) {
    const button = <Button onClick={onClear}>{text("common.clearFilters")}</Button>;
    return <Empty title={text("subscriptions.noneFound")} action={button} />;
  }
  return (
    <Empty
      title={text("subscriptions.empty")}
      action={
        <LinkButton kind="primary" href={portal ? to.home : to.topics}>
          {text(portal ? "portal.newEndpoint" : "subscriptions.toTopics")}
        </LinkButton>
      }
    >
      {text("subscriptions.about")}
    </Empty>
  );
}
