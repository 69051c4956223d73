import { useState } from "react";
import { useLive } from "../../api/live.ts";
import { useList } from "../../api/queries.ts";
import { Button } from "../../parts/button.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { useText } from "../../language/text.ts";
import { messageColumns } from "./message-columns.tsx";
import type { MessageFilter } from "./message-filter.tsx";

/** The messages that match. Newer ones are offered, and do not move the rows that are being read. */
export function FoundMessages({ filter }: { readonly filter: MessageFilter }) {
  const text = useText();
  const { topic, query, isFiltered, clear } = filter;
  const [newer, setNewer] = useState(0);
  const list = useList("/v1/topics/{topic}/messages", { params: { path: { topic }, query } });
  useLive({ topic, types: ["message.published"] }, (events) => setNewer((count) => count + events.length));
  const refresh = (): void => {
    setNewer(0);
    void list.refetch();
  };
  const clearButton = <Button onClick={clear}>{text("common.clearFilters")}</Button>;
  return (
    <Panel
      flush
      title={text("nav.messages")}
      actions={
        newer > 0 && (
          <Button kind="quiet" busy={list.isRefetching} onClick={refresh}>
            {text.count("messages.newer", newer)}
          </Button>
        )
      }
    >
      <Table
        label={text("nav.messages")}
        columns={messageColumns(text, query.subscription !== undefined)}
        rows={list.items}
        rowKey={({ id }) => id}
        error={list.error}
        retry={refresh}
        more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
        isReadingMore={list.isFetchingNextPage}
        empty={
          isFiltered ? (
            <Empty title={text("messages.noneFound")} action={clearButton}>
              {list.hasNextPage && text("messages.searchOn")}
            </Empty>
          ) : (
            <Empty title={text("topics.noMessages")}>{text("topics.noMessagesHelp")}</Empty>
          )
        }
      />
    </Panel>
  );
}
