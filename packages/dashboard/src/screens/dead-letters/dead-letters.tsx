import { useState } from "react";
import { Page } from "../../app/page.tsx";
import { useLive } from "../../api/live.ts";
import { invalidate, useList } from "../../api/queries.ts";
import { Button } from "../../parts/button.tsx";
import { FilterRow } from "../../parts/filter.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { useText } from "../../language/text.ts";
import { useDeadLetterFilter } from "./dead-letter-filter.tsx";
import { deadLetterColumns, type DeadLetterRow } from "./dead-letter-columns.tsx";
import { InspectDeadLetter } from "./inspect-dead-letter.tsx";
import { MatchingActions } from "./matching-actions.tsx";
import { SelectedActions } from "./selected-actions.tsx";

const path = "/v1/dead-letters";

/** Dead letters of all subscriptions: find them, see why, and send them again. */
export default function DeadLetters() {
  const text = useText();
  const filter = useDeadLetterFilter();
  const [chosen, setChosen] = useState<ReadonlyMap<string, DeadLetterRow>>(new Map());
  const [inspected, setInspected] = useState<DeadLetterRow | null>(null);
  const list = useList(path, { params: { query: filter.query } });
  useLive({ types: ["delivery.dead"] }, () => void invalidate(path));
  const toggle = (row: DeadLetterRow): void => {
    const changed = new Map(chosen);
    if (!changed.delete(row.id)) changed.set(row.id, row);
    setChosen(changed);
  };
  const clearButton = <Button onClick={filter.clear}>{text("common.clearFilters")}</Button>;
  return (
    <Page title={text("nav.deadLetters")} actions={<MatchingActions filter={filter} />}>
      <FilterRow>{filter.fields}</FilterRow>
      <Panel
        flush
        title={text("nav.deadLetters")}
        actions={<SelectedActions chosen={[...chosen.values()]} onDone={() => setChosen(new Map())} />}
      >
        <Table
          label={text("nav.deadLetters")}
          columns={deadLetterColumns(text, chosen, toggle, setInspected)}
          rows={list.items}
          rowKey={({ id }) => id}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            filter.isFiltered ? (
              <Empty title={text("deadLetters.noneFound")} action={clearButton} />
            ) : (
              <Empty title={text("deadLetters.empty")}>{text("deadLetters.about")}</Empty>
            )
          }
        />
      </Panel>
      {inspected !== null && <InspectDeadLetter row={inspected} onClose={() => setInspected(null)} />}
    </Page>
  );
}
