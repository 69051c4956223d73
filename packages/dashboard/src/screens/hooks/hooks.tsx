import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import type { Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { ResourceList } from "../resources/resource-list.tsx";
import { hookKind } from "./hook-kind.ts";

type Hook = components["schemas"]["Hook"];

export default function Hooks() {
  const text = useText();
  return <ResourceList kind={hookKind(text)} columns={columnsOf(text)} nameOf={({ name }) => name} />;
}

function columnsOf(text: Text): readonly Column<Hook>[] {
  return [
    {
      key: "name",
      title: text("common.name"),
      cell: ({ name }) => (
        <Link href={to.hook(name)} className="font-medium hover:underline">
          {name}
        </Link>
      ),
    },
    { key: "protocol", title: text("hooks.protocol"), cell: ({ protocol }) => protocol },
    { key: "urls", title: text("hooks.urls"), phone: false, cell: ({ urls }) => urls.join(", ") },
    {
      key: "onError",
      title: text("hooks.onError"),
      phone: false,
      cell: ({ onError }) => text.named("outcome", onError),
    },
    {
      key: "changed",
      title: text("common.updatedAt"),
      width: "9rem",
      cell: ({ updatedAt }) => <Time at={updatedAt} relative />,
    },
  ];
}
