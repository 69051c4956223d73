import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { ResourceList } from "../resources/resource-list.tsx";
import { inboxKind } from "./inbox-kind.ts";

type Inbox = components["schemas"]["Inbox"];

export default function Inboxes() {
  const text = useText();
  return <ResourceList kind={inboxKind(text)} columns={columnsOf(text)} nameOf={({ name }) => name} />;
}

function columnsOf(text: Text): readonly Column<Inbox>[] {
  return [
    {
      key: "name",
      title: text("common.name"),
      cell: ({ name }) => (
        <Link href={to.inbox(name)} className="font-medium hover:underline">
          {name}
        </Link>
      ),
    },
    { key: "topic", title: text("nav.topic"), phone: false, cell: ({ topic }) => topic },
    { key: "description", title: text("common.description"), phone: false, cell: ({ description }) => description },
    {
      key: "changed",
      title: text("common.updatedAt"),
      width: "9rem",
      cell: ({ updatedAt }) => <Time at={updatedAt} relative />,
    },
  ];
}
