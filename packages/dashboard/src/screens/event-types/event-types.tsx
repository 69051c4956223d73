import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { Status } from "../../parts/status.tsx";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { ResourceList } from "../resources/resource-list.tsx";
import { eventTypeKind } from "./event-type-kind.ts";

type EventType = components["schemas"]["EventType"];

export default function EventTypes() {
  const text = useText();
  return <ResourceList kind={eventTypeKind(text)} columns={columnsOf(text)} nameOf={({ type }) => type} />;
}

function columnsOf(text: Text): readonly Column<EventType>[] {
  return [
    {
      key: "type",
      title: text("label.type"),
      cell: ({ type }) => (
        <Link href={to.eventType(type)} className="font-medium hover:underline">
          {type}
        </Link>
      ),
    },
    { key: "description", title: text("common.description"), phone: false, cell: ({ description }) => description },
    {
      key: "schema",
      title: text("eventTypes.schema"),
      width: "8rem",
      cell: ({ schema }) => text(schema === null ? "eventTypes.noSchema" : "eventTypes.hasSchema"),
    },
    {
      key: "state",
      title: text("common.state"),
      width: "8rem",
      cell: ({ deprecated }) => deprecated && <Status tone="warn">{text("eventTypes.deprecated")}</Status>,
    },
    {
      key: "changed",
      title: text("common.updatedAt"),
      width: "9rem",
      cell: ({ updatedAt }) => <Time at={updatedAt} relative />,
    },
  ];
}
