import type { AccountId, Subscription, SubscriptionId } from "../../domain/model.ts";
import { hasLabel, labelText } from "../label.ts";
import type { PageRequest } from "../page.ts";
import type { SubscriptionFilter } from "../record-filters.ts";
import { searchPage, type SearchPage } from "../search.ts";
import { isExceptional, parseSubscriptionPosition, subscriptionPosition } from "../subscription-search.ts";
import type { ConnectionPool } from "./database.ts";
import { readSubscriptions } from "./subscriptions.ts";

interface Row {
  readonly id: SubscriptionId;
  readonly topic: string;
  readonly name: string;
  readonly matches: boolean;
}

export async function searchSubscriptions(
  pool: ConnectionPool,
  accountId: AccountId,
  page: PageRequest,
  filter: SubscriptionFilter = {},
): Promise<SearchPage<Subscription>> {
  const kind = kindOf(filter);
  const found = await searchPage(page, async (after, count) => {
    const start = parseSubscriptionPosition(after) ?? { topic: "", name: "" };
    const values = [accountId, start.topic, start.name, count, ...filterValues(filter)];
    const rows = await pool.query<Row>(subscriptionQueries[kind], values, `search_subscriptions_${kind}`);
    return rows.map((row) => ({ position: subscriptionPosition(row), item: row.matches ? row.id : null }));
  });
  const { label } = filter;
  const byId = new Map((await readSubscriptions(pool, found.items)).map((one) => [one.id, one]));
  const items = found.items
    .map((id) => byId.get(id))
    .filter((one) => one !== undefined)
    // The text of a label can also be part of another setting.
    .filter(({ settings }) => label === undefined || hasLabel(settings, label));
  return { ...found, items };
}

function kindOf(filter: SubscriptionFilter): keyof typeof subscriptionQueries {
  if (filter.lagging !== undefined) return "lagging";
  if (!isExceptional(filter)) return "all";
  return filter.health === undefined || filter.health === "healthy" ? "stopped" : "unhealthy";
}

function filterValues({ topics, topic, name, state, health, label, lagging }: SubscriptionFilter): readonly unknown[] {
  const expression = (pattern: string | undefined) => (pattern === undefined ? null : namePattern(pattern));
  const lag = lagging === undefined ? [] : [lagging.messages, lagging.publishedBeforeMs];
  return [
    topics?.map(namePattern) ?? null,
    expression(topic),
    expression(name),
    state ?? null,
    health ?? null,
    label === undefined ? null : labelText(label),
    ...lag,
  ];
}

/** A regular expression for the names that match a pattern, in which `*` stands for any characters. */
function namePattern(pattern: string): string {
  return `^${pattern.split("*").map(escaped).join(".*")}$`;
}

function escaped(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]/g, String.raw`\$&`);
}

/** `columns`: further columns. `more`: further conditions that a subscription must meet to be examined. */
const query = (matches: string, joins: string, more: string): string => `
  SELECT s.id, t.name AS topic, s.name, ($7::text IS NULL OR s.name ~ $7) AND ($8::text IS NULL OR s.state = $8)
    AND ($9::text IS NULL OR coalesce(s.health::json ->> 'state', 'healthy') = $9
      OR ($9 = 'unhealthy' AND s.health IS NOT NULL))
    AND ($10::text IS NULL OR position($10 in s.settings) > 0) ${matches} AS matches
  FROM ringback.topic t JOIN ringback.subscription s ON s.topic_id = t.id ${joins}
  WHERE t.account_id = $1 AND position(':' in t.name) = 0 AND position(':' in s.name) = 0
    AND t.name >= $2 AND (t.name > $2 OR s.name > $3)
    AND ($5::text[] IS NULL OR t.name ~ ANY ($5)) AND ($6::text IS NULL OR t.name ~ $6) ${more}
  ORDER BY t.name, s.name LIMIT $4`;

const lagging = `AND g.last_seq > greatest(c.scanned_through, g.first_seq - 1)
  AND (g.last_seq - greatest(c.scanned_through, g.first_seq - 1) + cardinality(c.returned_seqs) > $11::bigint
    OR coalesce((SELECT m.published_at FROM ringback.message_at(t.id, greatest(c.scanned_through + 1, g.first_seq)) m)
      < $12::bigint, false))`;

/** Partial indexes have the subscriptions that are paused or disabled, and those that are not healthy. */
export const subscriptionQueries = {
  all: query("", "", ""),
  lagging: query(
    lagging,
    "JOIN ringback.subscription_cursor c ON c.subscription_id = s.id JOIN ringback.topic_log g ON g.topic_id = t.id",
    "",
  ),
  unhealthy: query("", "", "AND s.account_id = $1 AND s.health IS NOT NULL"),
  stopped: query("", "", "AND s.account_id = $1 AND s.state <> 'active'"),
};
