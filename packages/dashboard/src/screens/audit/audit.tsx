import { useState } from "react";
import type { components } from "@ringback/sdk/client";
import { Page } from "../../app/page.tsx";
import { useQueryValue } from "../../app/addresses.ts";
import { useList } from "../../api/queries.ts";
import { Button } from "../../parts/button.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { FilterRow, FilterText, FilterTime, givenTime } from "../../parts/filter.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Facts, Panel } from "../../parts/panel.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { useText, type Text } from "../../language/text.ts";
import { changedMembers } from "./changed-members.ts";

type Record = components["schemas"]["AuditRecord"];

/** The record of changes: who has changed what, and how. */
export default function Audit() {
  const text = useText();
  const { query, fields, isFiltered, clear } = useFilter();
  const [shown, setShown] = useState<Record | null>(null);
  const list = useList("/v1/audit", { params: { query } });
  const clearButton = <Button onClick={clear}>{text("common.clearFilters")}</Button>;
  return (
    <Page title={text("nav.audit")}>
      <FilterRow>{fields}</FilterRow>
      <Panel flush title={text("nav.audit")}>
        <Table
          label={text("nav.audit")}
          columns={columnsOf(text, setShown)}
          rows={list.items}
          rowKey={({ id }) => id}
          error={list.error}
          retry={() => void list.refetch()}
          more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
          isReadingMore={list.isFetchingNextPage}
          empty={
            isFiltered ? (
              <Empty title={text("audit.noneFound")} action={clearButton} />
            ) : (
              <Empty title={text("audit.empty")}>{text("audit.about")}</Empty>
            )
          }
        />
      </Panel>
      {shown !== null && <Change record={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}

function useFilter() {
  const text = useText();
  const [who, setWho] = useQueryValue("who");
  const [action, setAction] = useQueryValue("action");
  const [target, setTarget] = useQueryValue("target");
  const [from, setFrom] = useQueryValue("from");
  const [until, setUntil] = useQueryValue("to");
  const [fromTime, toTime] = [givenTime(from), givenTime(until)];
  const query = {
    ...(who !== "" && { who }),
    ...(action !== "" && { action }),
    ...(target !== "" && { target }),
    ...(fromTime !== undefined && { from: fromTime }),
    ...(toTime !== undefined && { to: toTime }),
  };
  const fields = [
    <FilterText
      key="target"
      label={text("audit.target")}
      value={target}
      example="topics/orders"
      onChange={setTarget}
    />,
    <FilterText key="action" label={text("audit.action")} value={action} example="putTopic" onChange={setAction} />,
    <FilterText key="who" label={text("audit.who")} value={who} onChange={setWho} />,
    <FilterTime key="from" label={text("common.from")} value={from} onChange={setFrom} />,
    <FilterTime key="to" label={text("common.to")} value={until} onChange={setUntil} />,
  ];
  const clear = (): void => {
    for (const set of [setWho, setAction, setTarget, setFrom, setUntil]) set("");
  };
  return { query, fields, isFiltered: Object.keys(query).length > 0, clear };
}

function columnsOf(text: Text, show: (record: Record) => void): readonly Column<Record>[] {
  return [
    { key: "at", title: text("audit.at"), width: "11rem", cell: ({ at }) => <Time at={at} /> },
    { key: "who", title: text("audit.who"), cell: ({ who }) => who.name ?? who.id },
    { key: "action", title: text("audit.action"), cell: ({ action }) => action },
    { key: "target", title: text("audit.target"), phone: false, cell: ({ target }) => target },
    { key: "source", title: text("audit.source"), phone: false, width: "9rem", cell: ({ source }) => source },
    {
      key: "change",
      title: <span className="sr-only">{text("common.actions")}</span>,
      align: "right",
      width: "6rem",
      cell: (record) => (
        <Button kind="quiet" onClick={() => show(record)}>
          {text("audit.see")}
        </Button>
      ),
    },
  ];
}

function Change({ record, onClose }: { readonly record: Record; readonly onClose: () => void }) {
  const text = useText();
  const { at, who, source, requestId, action, target, before, after } = record;
  const members = changedMembers(before, after);
  return (
    <Dialog wide open title={`${action} ${target}`} onClose={onClose}>
      <Facts
        facts={[
          [text("audit.at"), <Time key="at" at={at} />],
          [text("audit.who"), who.name === null ? who.id : `${who.name} (${who.id})`],
          [text("audit.source"), source ?? undefined],
          [text("audit.request"), requestId ?? undefined],
        ]}
      />
      {members.length === 0 ? (
        <p className="text-muted">{text("audit.noMembers")}</p>
      ) : (
        <div className="overflow-x-auto">
          <table className="w-full text-small">
            <thead>
              <tr className="text-left text-muted">
                <th className="py-1 pr-3 font-medium">{text("audit.member")}</th>
                <th className="py-1 pr-3 font-medium">{text("audit.before")}</th>
                <th className="py-1 font-medium">{text("audit.after")}</th>
              </tr>
            </thead>
            <tbody>
              {members.map(({ name, before, after }) => (
                <tr key={name} className="border-t border-line align-top">
                  <td className="py-1 pr-3">{name}</td>
                  <td className="py-1 pr-3 font-mono break-all">{before ?? "–"}</td>
                  <td className="py-1 font-mono break-all">{after ?? "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Dialog>
  );
}
