import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { Button } from "../../parts/button.tsx";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import type { Text } from "../../language/text.ts";

export type DeadLetterRow = components["schemas"]["DeadLetterSummary"];

export function deadLetterColumns(
  text: Text,
  chosen: ReadonlyMap<string, DeadLetterRow>,
  toggle: (row: DeadLetterRow) => void,
  inspect: (row: DeadLetterRow) => void,
): readonly Column<DeadLetterRow>[] {
  return [
    {
      key: "choice",
      title: <span className="sr-only">{text("deadLetters.choice")}</span>,
      width: "2.5rem",
      cell: (row) => (
        <input
          type="checkbox"
          className="block size-4 accent-(--accent)"
          aria-label={text("deadLetters.choose", { id: row.message.id })}
          checked={chosen.has(row.id)}
          onChange={() => toggle(row)}
        />
      ),
    },
    { key: "time", title: text("deadLetters.diedAt"), width: "9rem", cell: ({ diedAt }) => <Time at={diedAt} /> },
    { key: "reason", title: text("deadLetters.reason"), cell: ({ reason }) => text.named("deadReason", reason) },
    {
      key: "last",
      title: text("deadLetters.last"),
      phone: false,
      cell: ({ lastStatus, lastErrorCode, lastErrorDetail }) => (
        <span title={lastErrorDetail ?? undefined}>
          {[lastStatus, lastErrorCode].filter((part) => part !== null).join(" ")}
        </span>
      ),
    },
    {
      key: "subscription",
      title: text("nav.subscription"),
      cell: ({ topic, subscription }) => (
        <Link href={to.subscription(topic, subscription)} className="hover:underline">
          {`${topic} / ${subscription}`}
        </Link>
      ),
    },
    {
      key: "message",
      title: text("messages.id"),
      phone: false,
      cell: ({ message }) => (
        <Link href={to.message(message.id)} className="font-mono text-small hover:underline">
          {message.id}
        </Link>
      ),
    },
    {
      key: "actions",
      title: <span className="sr-only">{text("common.actions")}</span>,
      align: "right",
      width: "6rem",
      cell: (row) => (
        <Button kind="quiet" onClick={() => inspect(row)}>
          {text("deadLetters.inspect")}
        </Button>
      ),
    },
  ];
}
