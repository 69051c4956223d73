import { useState } from "react";
import { Link } from "wouter";
import { to, useQueryValue } from "../../app/addresses.ts";
import { useLive } from "../../api/live.ts";
import { useList } from "../../api/queries.ts";
import { Button } from "../../parts/button.tsx";
import { FilterChoice, FilterText, FilterTime } from "../../parts/filter.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { duration } from "../../format/time.ts";
import { useText, type Text } from "../../language/text.ts";
import {
  joinedRows,
  keyOfAttempt,
  matchesFilter,
  rowsOfEvents,
  streamedMax,
  type AttemptFilter,
  type AttemptRow,
} from "./attempt-rows.ts";
import type { OfSubscription } from "./state-buttons.tsx";

const verdicts = ["accepted", "failed", "error"] as const;
const tones: Readonly<Record<string, Tone>> = { accepted: "good", failed: "bad", error: "bad" };

/** The attempts of a subscription, as they happen. */
export function AttemptsPanel({ topic, subscription }: OfSubscription) {
  const text = useText();
  const { filter, fields, isFiltered, clear } = useAttemptFilter();
  const [streamed, setStreamed] = useState<readonly AttemptRow[]>([]);
  const [held, setHeld] = useState<readonly AttemptRow[] | null>(null);
  const query = queryOf(filter);
  const list = useList("/v1/topics/{topic}/subscriptions/{subscription}/attempts", {
    params: { path: { topic, subscription }, query },
  });
  useLive({ topic, types: ["delivery.attempted"] }, (events) => {
    const rows = rowsOfEvents(events, subscription);
    if (rows.length > 0) setStreamed((before) => [...rows, ...before].slice(0, streamedMax));
  });
  const shown = (held ?? streamed).filter((row) => matchesFilter(row, filter));
  const rows = list.items === undefined ? undefined : joinedRows(shown, list.items);
  const newer = held === null ? 0 : streamed.indexOf(held[0] as AttemptRow);
  const hold = (
    <Button kind="quiet" aria-pressed={held !== null} onClick={() => setHeld(held === null ? streamed : null)}>
      {held === null ? text("attempts.hold") : text.count("attempts.newer", newer < 0 ? streamed.length : newer)}
    </Button>
  );
  return (
    <Panel flush title={text("attempts.title")} actions={hold}>
      <div className="grid grid-cols-2 gap-2 border-b border-line px-4 py-2 lg:grid-cols-5">{fields}</div>
      <Table
        label={text("attempts.title")}
        columns={columnsOf(text, topic, subscription)}
        rows={rows}
        rowKey={keyOfAttempt}
        error={list.error}
        retry={() => void list.refetch()}
        more={list.hasNextPage ? () => void list.fetchNextPage() : undefined}
        isReadingMore={list.isFetchingNextPage}
        empty={<NoAttempts isFiltered={isFiltered} onClear={clear} />}
      />
    </Panel>
  );
}

function NoAttempts({ isFiltered, onClear }: { readonly isFiltered: boolean; readonly onClear: () => void }) {
  const text = useText();
  if (!isFiltered) return <Empty title={text("attempts.empty")}>{text("attempts.emptyHelp")}</Empty>;
  return (
    <Empty
      title={text("attempts.noneFound")}
      action={<Button onClick={onClear}>{text("common.clearFilters")}</Button>}
    />
  );
}

function queryOf({ verdict, status, error, from, to }: AttemptFilter) {
  const known = verdicts.find((word) => word === verdict);
  return {
    ...(known !== undefined && { verdict: known }),
    ...(isStatus(status) && { status }),
    ...(error !== "" && { error }),
    ...(from !== "" && { from: new Date(from).toISOString() }),
    ...(to !== "" && { to: new Date(to).toISOString() }),
  };
}

/** False while a status is being typed. */
function isStatus(status: string): boolean {
  return /^[1-9](?:\d\d|xx)$/.test(status);
}

/** The filter in the page's address, with its fields. */
function useAttemptFilter() {
  const text = useText();
  const [verdict, setVerdict] = useQueryValue("verdict");
  const [status, setStatus] = useQueryValue("status");
  const [error, setError] = useQueryValue("error");
  const [from, setFrom] = useQueryValue("from");
  const [until, setUntil] = useQueryValue("to");
  const filter: AttemptFilter = {
    verdict,
    status: isStatus(status) ? status : "",
    error,
    from: validTime(from),
    to: validTime(until),
  };
  const clear = (): void => {
    for (const set of [setVerdict, setStatus, setError, setFrom, setUntil]) set("");
  };
  const fields = [
    <FilterChoice
      key="verdict"
      label={text("attempts.verdict")}
      value={verdict}
      words={verdicts}
      named="verdict"
      onChange={setVerdict}
    />,
    <FilterText key="status" label={text("attempts.status")} value={status} example="5xx" onChange={setStatus} />,
    <FilterText key="error" label={text("attempts.error")} value={error} example="timeout" onChange={setError} />,
    <FilterTime key="from" label={text("common.from")} value={from} onChange={setFrom} />,
    <FilterTime key="to" label={text("common.to")} value={until} onChange={setUntil} />,
  ];
  return { filter, fields, clear, isFiltered: Object.values(filter).some((value) => value !== "") };
}

function validTime(value: string): string {
  return Number.isNaN(new Date(value).getTime()) ? "" : value;
}

function columnsOf(text: Text, topic: string, subscription: string): readonly Column<AttemptRow>[] {
  const address = ({ id, messageId }: AttemptRow): string =>
    id === undefined ? to.message(messageId) : to.attempt(topic, subscription, id);
  return [
    {
      key: "time",
      title: text("attempts.started"),
      width: "9rem",
      cell: (row) => (
        <Link href={address(row)} className="hover:underline">
          <Time at={row.startedAt} />
        </Link>
      ),
    },
    { key: "attempt", title: text("attempts.number"), align: "right", width: "5rem", cell: ({ attempt }) => attempt },
    {
      key: "verdict",
      title: text("attempts.verdict"),
      cell: ({ verdict }) => <Status tone={tones[verdict] ?? "plain"}>{text.named("verdict", verdict)}</Status>,
    },
    {
      key: "status",
      title: text("attempts.reply"),
      cell: ({ status, errorCode, errorDetail }) => (
        <span title={errorDetail ?? undefined}>{replyOf(status, errorCode)}</span>
      ),
    },
    {
      key: "duration",
      title: text("attempts.duration"),
      align: "right",
      width: "6rem",
      cell: ({ durationMs }) => duration(durationMs),
    },
    {
      key: "message",
      title: text("messages.id"),
      phone: false,
      cell: ({ messageId }) => (
        <Link href={to.message(messageId)} className="font-mono text-small hover:underline">
          {messageId}
        </Link>
      ),
    },
  ];
}

/** The status, and the error code if it says more. */
function replyOf(status: number | null, errorCode: string | null): string {
  const says = errorCode === "http_status" ? null : errorCode;
  return [status, says].filter((part) => part !== null).join(" ");
}
