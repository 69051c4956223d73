import { to } from "../../app/addresses.ts";
import { invalidate, useList } from "../../api/queries.ts";
import { useLive } from "../../api/live.ts";
import { useBlocks } from "../../api/rights.ts";
import { LinkButton } from "../../parts/button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { useText } from "../../language/text.ts";
import { subscriptionColumns } from "../subscriptions/columns.tsx";

/** Events after which the state of a subscription is another. */
export const subscriptionEvents = [
  "subscription.changed",
  "subscription.paused",
  "subscription.resumed",
  "subscription.deleted",
  "subscription.failing",
  "subscription.recovered",
  "subscription.disabled",
  "breaker.opened",
  "breaker.closed",
] as const;

const countsEveryMs = 5_000;

/** The subscriptions of a topic, with their health and what waits for them. */
export function TopicSubscriptions({ topic }: { readonly topic: string }) {
  const text = useText();
  const blocks = useBlocks();
  const path = "/v1/topics/{topic}/subscriptions";
  const query = { counts: true };
  const list = useList(path, { params: { path: { topic }, query } }, { everyMs: countsEveryMs });
  useLive({ topic, types: subscriptionEvents }, () => void invalidate(path));
  const add = (kind: "primary" | "plain") => (
    <LinkButton kind={kind} href={to.newSubscription(topic)} blocked={blocks.change}>
      {text("subscriptions.new")}
    </LinkButton>
  );
  return (
    <Panel flush title={text("nav.subscriptions")} actions={list.items?.length === 0 ? undefined : add("plain")}>
      <Table
        label={text("nav.subscriptions")}
        columns={subscriptionColumns(text)}
        rows={list.items}
        rowKey={({ name }) => name}
        error={list.error}
        retry={() => void list.refetch()}
        more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
        isReadingMore={list.isFetchingNextPage}
        empty={
          <Empty title={text("topics.noSubscriptions")} action={add("primary")}>
            {text("subscriptions.about")}
          </Empty>
        }
      />
    </Panel>
  );
}
