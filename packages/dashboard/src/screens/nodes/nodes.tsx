import type { components } from "@ringback/sdk/client";
import { Page } from "../../app/page.tsx";
import { useRead } from "../../api/queries.ts";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";

type Node = components["schemas"]["Node"];

const readEveryMs = 5_000;

/** The processes of the cluster. */
export default function Nodes() {
  const text = useText();
  const { data, error, refetch } = useRead("/v1/nodes", {}, { everyMs: readEveryMs });
  return (
    <Page title={text("nav.nodes")}>
      <p className="max-w-[80ch] text-muted">{text("nodes.about")}</p>
      <Panel flush title={text("nav.nodes")}>
        <Table
          label={text("nav.nodes")}
          columns={columnsOf(text)}
          rows={data?.items}
          rowKey={({ id }) => String(id)}
          error={error}
          retry={() => void refetch()}
          empty={<Empty title={text("nodes.empty")} />}
        />
      </Panel>
    </Page>
  );
}

function columnsOf(text: Text): readonly Column<Node>[] {
  return [
    { key: "name", title: text("common.name"), cell: ({ name, self }) => (self ? text("nodes.self", { name }) : name) },
    {
      key: "state",
      title: text("common.state"),
      width: "9rem",
      cell: ({ alive }) => (
        <Status tone={alive ? "good" : "bad"}>{text(alive ? "nodes.alive" : "nodes.silent")}</Status>
      ),
    },
    { key: "version", title: text("nodes.version"), width: "8rem", cell: ({ version }) => version },
    {
      key: "started",
      title: text("nodes.startedAt"),
      width: "11rem",
      phone: false,
      cell: ({ startedAt }) => <Time at={startedAt} />,
    },
    {
      key: "seen",
      title: text("nodes.lastSeenAt"),
      width: "10rem",
      cell: ({ lastSeenAt }) => <Time at={lastSeenAt} relative />,
    },
  ];
}
