import { useRef } from "react";
import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { useLive } from "../../api/live.ts";
import { useRead } from "../../api/queries.ts";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Tag } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { bytes } from "../../format/numbers.ts";
import { useText, type Text } from "../../language/text.ts";

type Message = components["schemas"]["MessageSummary"];

const shownMax = 10;
/** However many messages arrive, the newest are read again at most this often. */
const readEveryMs = 1_000;

/** The newest messages of a topic, as they arrive. */
export function LatestMessages({ topic }: { readonly topic: string }) {
  const text = useText();
  const init = { params: { path: { topic }, query: { limit: shownMax } } };
  const { data, error, refetch } = useRead("/v1/topics/{topic}/messages", init);
  const pending = useRef(false);
  useLive({ topic, types: ["message.published"] }, () => {
    if (pending.current) return;
    pending.current = true;
    setTimeout(() => {
      pending.current = false;
      void refetch();
    }, readEveryMs);
  });
  return (
    <Panel flush title={text("topics.latest")}>
      <Table
        label={text("topics.latest")}
        columns={columnsOf(text)}
        rows={data?.items}
        rowKey={({ id }) => id}
        error={error}
        retry={() => void refetch()}
        empty={<Empty title={text("topics.noMessages")}>{text("topics.noMessagesHelp")}</Empty>}
      />
    </Panel>
  );
}

function columnsOf(text: Text): readonly Column<Message>[] {
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
    {
      key: "tags",
      title: text("label.tags"),
      phone: false,
      cell: ({ tags }) =>
        tags.map((tag) => (
          <span key={tag} className="mr-1">
            <Tag>{tag}</Tag>
          </span>
        )),
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
