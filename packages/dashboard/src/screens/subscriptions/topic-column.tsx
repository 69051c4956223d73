import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import type { Text } from "../../language/text.ts";
import type { Column } from "../../parts/table.tsx";
import type { ShownSubscription } from "./condition.tsx";

export function topicColumn(text: Text): Column<ShownSubscription> {
  return {
    key: "topic",
    title: text("nav.topic"),
    cell: ({ topic }) => (
      <Link href={to.topic(topic)} className="hover:underline">
        {topic}
      </Link>
    ),
  };
}
