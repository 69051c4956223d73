import { Link } from "wouter";
import { to } from "../../app/addresses.ts";
import { shownBody } from "../../format/body.ts";
import { comparedLines, type ComparedLine } from "../../format/differences.ts";
import { duration } from "../../format/time.ts";
import { useText, type Text } from "../../language/text.ts";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { headerOf } from "./exchange-panels.tsx";
import { useAttempt, type AttemptDetails, type Exchange } from "./use-attempt.ts";

interface ComparisonProps {
  readonly topic: string;
  readonly subscription: string;
  readonly one: AttemptDetails;
  readonly otherId: string;
}

/** Two attempts side by side, part by part, with the lines marked in which they differ. */
export function Comparison({ topic, subscription, one, otherId }: ComparisonProps) {
  const text = useText();
  const { data: other, error, refetch } = useAttempt(topic, subscription, otherId);
  if (error !== null) return <ProblemNotice error={error} retry={() => void refetch()} />;
  if (other === undefined) return <Loading lines={10} />;
  const parts = [
    [text("attempt.outcome"), outcomeText],
    [text("attempt.request"), requestText],
    [text("test.requestBody"), requestBodyText],
    [text("attempts.reply"), replyText],
    [text("test.replyBody"), replyBodyText],
  ] as const;
  return parts.map(([title, textOf]) => {
    const compared = comparedLines(textOf(one, text), textOf(other, text));
    const isSame = compared.every((lines) => lines.every(({ isOther }) => !isOther));
    return (
      <Panel key={title} title={title} actions={isSame && <span className="text-muted">{text("attempt.same")}</span>}>
        <div className="grid gap-3 md:grid-cols-2">
          {[one, other].map((attempt, side) => (
            <Side
              key={attempt.id}
              name={text("attempt.title", { n: attempt.attempt })}
              href={to.attempt(topic, subscription, attempt.id)}
              label={`${title}, ${text("attempt.title", { n: attempt.attempt })}`}
              lines={compared[side] ?? []}
            />
          ))}
        </div>
      </Panel>
    );
  });
}

interface SideProps {
  readonly name: string;
  readonly href: string;
  readonly label: string;
  readonly lines: readonly ComparedLine[];
}

function Side({ name, href, label, lines }: SideProps) {
  const text = useText();
  return (
    <div className="min-w-0 rounded-box border border-line bg-paper">
      <p className="border-b border-line px-3 py-1 text-small text-muted">
        <Link href={href} className="hover:underline">
          {name}
        </Link>
      </p>
      <pre
        tabIndex={0}
        role="group"
        aria-label={label}
        className="max-h-96 overflow-auto py-2 font-mono text-small break-words whitespace-pre-wrap"
      >
        {lines.map(({ text: line, isOther }, index) =>
          isOther ? (
            // The mark is a sign too, so that it is not told by colour alone.
            <mark key={index} className="block bg-warn-tint pr-3 pl-1 text-ink">
              <span aria-hidden="true">± </span>
              <span className="sr-only">{text("attempt.differs")} </span>
              {line}
            </mark>
          ) : (
            <span key={index} className="block px-3">
              {line}
            </span>
          ),
        )}
      </pre>
    </div>
  );
}

function outcomeText({ verdict, status, errorCode, errorDetail, durationMs, exchange }: AttemptDetails, text: Text) {
  const lines = [
    [text("attempts.verdict"), text.named("verdict", verdict)],
    [text("attempts.status"), status],
    [text("attempts.error"), errorCode],
    [text("attempt.reason"), errorDetail],
    [text("attempts.duration"), duration(durationMs)],
    [text("attempt.firstByte"), exchange?.timings?.firstByteMs ?? null],
  ] as const;
  return lines.flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`])).join("\n");
}

function requestText({ exchange, notKept }: AttemptDetails, text: Text): string {
  if (exchange === null) return text.named("notKept", notKept ?? "");
  const { method, url, headers } = exchange.request;
  return [method === null ? url : `${method} ${url}`, ...headerLines(headers, text)].join("\n");
}

function replyText({ exchange }: AttemptDetails, text: Text): string {
  if (exchange === null) return "";
  if (exchange.reply === null) return text("test.noReply");
  return [String(exchange.reply.status), ...headerLines(exchange.reply.headers, text)].join("\n");
}

function headerLines(headers: Exchange["request"]["headers"], text: Text): readonly string[] {
  return headers.map(({ name, value }) => `${name}: ${value ?? text("code.secret")}`);
}

function requestBodyText({ exchange }: AttemptDetails): string {
  return exchange === null ? "" : bodyText(exchange.request);
}

function replyBodyText({ exchange }: AttemptDetails): string {
  const reply = exchange?.reply ?? null;
  return reply === null ? "" : bodyText(reply);
}

function bodyText(given: Exchange["request"] | NonNullable<Exchange["reply"]>): string {
  const shown = shownBody(given, headerOf(given.headers, "content-type"));
  switch (shown.kind) {
    case "empty":
      return "";
    case "image":
      return shown.source;
    case "bytes":
      return shown.hex;
    case "text":
      return shown.pretty ?? shown.text;
  }
}
