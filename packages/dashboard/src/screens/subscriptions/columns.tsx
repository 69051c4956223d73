import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { count } from "../../format/numbers.ts";
import type { Text } from "../../language/text.ts";
import type { Column } from "../../parts/table.tsx";
import { ConditionStatus, type ShownSubscription } from "./condition.tsx";

type Row = ShownSubscription;

/** Columns that every list of subscriptions has. */
export function subscriptionColumns(text: Text): readonly Column<Row>[] {
  const number = (value: number | undefined) => (value === undefined ? "–" : count(value, text.language));
  return [
    {
      key: "name",
      title: text("nav.subscription"),
      cell: ({ topic, name }) => (
        <Link href={to.subscription(topic, name)} className="font-medium hover:underline">
          {name}
        </Link>
      ),
    },
    { key: "condition", title: text("common.state"), cell: (row) => <ConditionStatus subscription={row} /> },
    { key: "endpoint", title: text("subscriptions.endpoint"), cell: (row) => endpointOf(row, text), phone: false },
    {
      key: "backlog",
      title: text("subscriptions.backlog"),
      align: "right",
      cell: ({ counts }) => number(counts?.backlog),
    },
    {
      key: "dead",
      title: text("nav.deadLetters"),
      align: "right",
      phone: false,
      cell: ({ counts }) => number(counts?.deadLetters),
    },
  ];
}

/** The URL that messages are sent to; a pull subscription has none. */
export function endpointOf({ push }: Pick<Row, "push">, text: Text) {
  if (push === null) return <span className="text-muted">{text("subscriptions.pulled")}</span>;
  return (
    <span title={push.url} className="font-mono text-small">
      {push.url}
    </span>
  );
}
