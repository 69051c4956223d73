import type { Text } from "../../language/text.ts";
import type { Column } from "../../parts/table.tsx";
import { TopicLink } from "../topics/topic-link.tsx";
import type { ShownSubscription } from "./condition.tsx";

export function topicColumn(text: Text): Column<ShownSubscription> {
  return { key: "topic", title: text("nav.topic"), cell: ({ topic }) => <TopicLink topic={topic} /> };
}
