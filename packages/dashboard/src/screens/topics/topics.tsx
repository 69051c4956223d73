import { useEffect } from "react";
import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to, useQueryValue } from "../../app/addresses.ts";
import { Page } from "../../app/page.tsx";
import { useList, useRead } from "../../api/queries.ts";
import { useBlocks } from "../../api/rights.ts";
import { Button, LinkButton } from "../../parts/button.tsx";
import { Field, Input } from "../../parts/field.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { count } from "../../format/numbers.ts";
import { useText, type Text } from "../../language/text.ts";
import { Labels } from "./labels.tsx";

type Topic = components["schemas"]["Topic"];

/** Topics are searched by name in the page. Further pages are read while a search is given, up to this many topics. */
const searchedMax = 2_000;

export default function Topics() {
  const text = useText();
  const blocks = useBlocks();
  const [name, setName] = useQueryValue("name");
  const [label, setLabel] = useQueryValue("label");
  const list = useList("/v1/topics", { params: { query: label === "" ? {} : { label } } });
  const { items, hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const counts = useSubscriptionCounts();
  const rows = items?.filter((topic) => topic.name.toLowerCase().includes(name.toLowerCase()));
  const readsOn = name !== "" && hasNextPage && !isFetchingNextPage && (items?.length ?? 0) < searchedMax;
  useEffect(() => {
    if (readsOn) void fetchNextPage();
  }, [readsOn, fetchNextPage]);
  const isFiltered = name !== "" || label !== "";
  return (
    <Page
      title={text("nav.topics")}
      actions={
        <LinkButton kind="primary" href={to.newTopic} blocked={blocks.change}>
          {text("topics.new")}
        </LinkButton>
      }
    >
      <div className="grid gap-2 sm:grid-cols-2 lg:max-w-2xl">
        <Field label={text("topics.search")}>
          <Input type="search" value={name} onChange={({ target }) => setName(target.value)} />
        </Field>
        <Field label={text("common.label")}>
          <Input
            type="search"
            placeholder={text("common.labelExample")}
            value={label}
            onChange={({ target }) => setLabel(target.value)}
          />
        </Field>
      </div>
      <Panel flush title={text("nav.topics")}>
        <Table
          label={text("nav.topics")}
          columns={columnsOf(text, counts)}
          rows={rows}
          rowKey={(topic) => topic.name}
          error={list.error}
          retry={() => void list.refetch()}
          more={hasNextPage ? () => void fetchNextPage() : undefined}
          isReadingMore={isFetchingNextPage}
          empty={<NoTopics isFiltered={isFiltered} onClear={() => (setName(""), setLabel(""))} />}
        />
      </Panel>
    </Page>
  );
}

function NoTopics({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  const text = useText();
  const blocks = useBlocks();
  if (isFiltered) {
    return (
      <Empty
        title={text("topics.noneFound")}
        action={<Button onClick={onClear}>{text("common.clearFilters")}</Button>}
      />
    );
  }
  return (
    <Empty
      title={text("topics.empty")}
      action={
        <LinkButton kind="primary" href={to.newTopic} blocked={blocks.change}>
          {text("topics.new")}
        </LinkButton>
      }
    >
      {text("topics.about")}
    </Empty>
  );
}

/** Subscriptions per topic, if one page has all of them; null: there are more. */
function useSubscriptionCounts(): ReadonlyMap<string, number> | null {
  const { data } = useRead("/v1/subscriptions", { params: { query: { limit: 200 } } });
  if (data === undefined || data.next !== null) return null;
  const counts = new Map<string, number>();
  for (const { topic } of data.items) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return counts;
}

function columnsOf(text: Text, counts: ReadonlyMap<string, number> | null): readonly Column<Topic>[] {
  return [
    {
      key: "name",
      title: text("common.name"),
      cell: ({ name }) => (
        <Link href={to.topic(name)} className="font-medium hover:underline">
          {name}
        </Link>
      ),
    },
    {
      key: "subscriptions",
      title: text("nav.subscriptions"),
      align: "right",
      width: "7rem",
      cell: ({ name }) => (counts === null ? "–" : count(counts.get(name) ?? 0, text.language)),
    },
    { key: "description", title: text("common.description"), phone: false, cell: ({ description }) => description },
    { key: "labels", title: text("common.labels"), phone: false, cell: ({ labels }) => <Labels labels={labels} /> },
    {
      key: "changed",
      title: text("common.updatedAt"),
      width: "9rem",
      cell: ({ updatedAt }) => <Time at={updatedAt} relative />,
    },
  ];
}
