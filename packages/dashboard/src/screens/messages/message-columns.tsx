import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { Status, Tag, type Tone } from "../../parts/status.tsx";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { bytes } from "../../format/numbers.ts";
import type { Text } from "../../language/text.ts";

export type MessageRow = components["schemas"]["MessageSummary"];

export const deliveryTones: Readonly<Record<string, Tone>> = {
  pending: "plain",
  in_flight: "active",
  parked: "warn",
  delivered: "good",
  dead: "bad",
  filtered: "plain",
  skipped: "plain",
};

/** The columns of lists of messages. */
export function messageColumns(text: Text, hasState: boolean): readonly Column<MessageRow>[] {
  const state: Column<MessageRow> = {
    key: "state",
    title: text("common.state"),
    cell: ({ state }) =>
      state !== null && <Status tone={deliveryTones[state] ?? "plain"}>{text.named("delivery", state)}</Status>,
  };
  return [
    {
      key: "time",
      title: text("messages.published"),
      width: "9rem",
      cell: ({ publishedAt }) => <Time at={publishedAt} />,
    },
    {
      key: "id",
      title: text("messages.id"),
      cell: ({ id }) => (
        <Link href={to.message(id)} className="font-mono text-small hover:underline">
          {id}
        </Link>
      ),
    },
    { key: "type", title: text("label.type"), cell: ({ type }) => type },
    ...(hasState ? [state] : []),
    {
      key: "tags",
      title: text("label.tags"),
      phone: false,
      cell: ({ tags }) => (
        <span className="flex gap-1">
          {tags.map((tag) => (
            <Tag key={tag}>{tag}</Tag>
          ))}
        </span>
      ),
    },
    {
      key: "bytes",
      title: text("messages.size"),
      align: "right",
      width: "6rem",
      cell: ({ bodyBytes }) => bytes(bodyBytes, text.language),
    },
  ];
}
