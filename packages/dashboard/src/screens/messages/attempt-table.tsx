import { Link } from "wouter";
import type { components } from "@ringback/sdk/client";
import { to } from "../../app/addresses.ts";
import { Body } from "../../parts/code.tsx";
import { Empty } from "../../parts/notice.tsx";
import { Status, type Tone } from "../../parts/status.tsx";
import { Table, type Column } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { duration } from "../../format/time.ts";
import { useText, type Text } from "../../language/text.ts";

type Attempt = components["schemas"]["Attempt"];

interface AttemptTableProps {
  readonly topic: string;
  readonly subscription: string;
  readonly attempts: readonly Attempt[];
}

/** The attempts of one delivery, newest first, with the first bytes of the last reply. */
export function AttemptTable({ topic, subscription, attempts }: AttemptTableProps) {
  const text = useText();
  const newestFirst = attempts.toReversed();
  const [last] = newestFirst;
  return (
    <>
      <Table
        label={`${text("attempts.title")}: ${subscription}`}
        columns={columnsOf(text, (id) => to.attempt(topic, subscription, id))}
        rows={newestFirst}
        rowKey={({ id }) => id}
        empty={<Empty title={text("attempts.empty")} />}
      />
      {last !== undefined && (last.reply ?? last.replyBase64) !== undefined && last.reply !== null && (
        <div className="px-4 py-3">
          <Body given={replyOf(last)} contentType={null} label={text("messages.lastReply")} />
        </div>
      )}
    </>
  );
}

function replyOf({ reply, replyBase64 }: Attempt) {
  return { body: reply ?? "", ...(replyBase64 !== undefined && { bodyBase64: replyBase64 }) };
}

const tones: Readonly<Record<string, Tone>> = { accepted: "good", failed: "bad", error: "bad" };

function columnsOf(text: Text, addressOf: (id: string) => string): readonly Column<Attempt>[] {
  return [
    { key: "attempt", title: text("attempts.number"), align: "right", width: "5rem", cell: ({ attempt }) => attempt },
    {
      key: "time",
      title: text("attempts.started"),
      width: "11rem",
      cell: ({ startedAt }) => <Time at={startedAt} />,
    },
    {
      key: "verdict",
      title: text("attempts.verdict"),
      cell: ({ verdict }) => <Status tone={tones[verdict] ?? "plain"}>{text.named("verdict", verdict)}</Status>,
    },
    {
      key: "reply",
      title: text("attempts.reply"),
      cell: ({ status, errorCode, errorDetail }) => (
        <span title={errorDetail ?? undefined}>
          {[status, errorCode, errorDetail].filter((part) => part !== null).join(" · ")}
        </span>
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
      key: "open",
      title: <span className="sr-only">{text("attempt.request")}</span>,
      align: "right",
      width: "5rem",
      cell: ({ id, attempt }) => (
        <Link
          href={addressOf(id)}
          aria-label={text("attempt.open", { n: attempt })}
          className="text-accent hover:underline"
        >
          {text("messages.open")}
        </Link>
      ),
    },
  ];
}
