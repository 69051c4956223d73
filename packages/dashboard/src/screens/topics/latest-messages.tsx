import { useRef } from "react";
import { useLive } from "../../api/live.ts";
import { useRead } from "../../api/queries.ts";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { messageColumns } from "../messages/message-columns.tsx";
import { useText } from "../../language/text.ts";

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
        columns={messageColumns(text, false)}
        rows={data?.items}
        rowKey={({ id }) => id}
        error={error}
        retry={() => void refetch()}
        empty={<Empty title={text("topics.noMessages")}>{text("topics.noMessagesHelp")}</Empty>}
      />
    </Panel>
  );
}
