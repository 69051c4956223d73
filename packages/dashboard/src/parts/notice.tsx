import type { ReactNode } from "react";
import { RingbackApiError, RingbackConnectionError } from "@ringback/sdk/client";
import { useText } from "../language/text.ts";
import { useAnnouncements } from "./announcements.ts";
import { Button } from "./button.tsx";
import type { Tone } from "./status.tsx";

const backgrounds: Readonly<Record<Tone, string>> = {
  plain: "bg-paper border-line",
  good: "bg-good-tint border-transparent",
  warn: "bg-warn-tint border-transparent",
  bad: "bg-bad-tint border-transparent",
  active: "bg-tint border-transparent",
};

export interface NoticeProps {
  readonly tone?: Tone;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** A sentence or two that a reader needs at this place. A bad one is read aloud when it appears. */
export function Notice({ tone = "plain", title, children, action }: NoticeProps) {
  return (
    <div
      role={tone === "bad" ? "alert" : undefined}
      className={`flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-box border px-4 py-2.5 ${backgrounds[tone]}`}
    >
      <div className="min-w-0 max-w-[80ch] break-words">
        {title !== undefined && <p className="font-semibold">{title}</p>}
        {children !== undefined && <div>{children}</div>}
      </div>
      {action !== undefined && <div className="flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}

/** The error, in the server's words, with its places in the request. Nothing without an error. */
export function ProblemNotice({
  error,
  retry,
}: {
  readonly error: unknown;
  readonly retry?: (() => void) | undefined;
}) {
  const text = useText();
  if (error === null || error === undefined) return null;
  const problem = error instanceof RingbackApiError ? error.problem : null;
  const sentence =
    error instanceof RingbackConnectionError
      ? text("problem.unreachable")
      : (problem?.detail ?? (error instanceof Error ? error.message : JSON.stringify(error)));
  return (
    <Notice tone="bad" action={retry !== undefined && <Button onClick={retry}>{text("common.tryAgain")}</Button>}>
      <p>{sentence}</p>
      {problem?.errors?.map(({ field, message }) => (
        <p key={field}>
          <code className="font-mono text-small">{field}</code> {message}
        </p>
      ))}
      {problem !== null && (
        <p className="text-small text-muted">
          {problem.code} · {text("problem.requestId", { id: problem.requestId })}
        </p>
      )}
    </Notice>
  );
}

/** The place of a list without items: why it is empty, and what to do. */
export function Empty({ title, children, action }: NoticeProps) {
  return (
    <div className="flex flex-col items-start gap-2 px-4 py-8">
      {title !== undefined && <p className="text-title font-semibold">{title}</p>}
      {children !== undefined && <div className="max-w-[65ch] text-muted">{children}</div>}
      {action}
    </div>
  );
}

/** Keeps the place of content that is being read. `lines`: about how many lines it will have. */
export function Loading({ lines = 3 }: { readonly lines?: number }) {
  const text = useText();
  return (
    <div role="status" className="flex flex-col gap-2 px-4 py-3">
      <span className="sr-only">{text("common.loading")}</span>
      {Array.from({ length: lines }, (_, line) => (
        <div
          key={line}
          className="h-5 rounded-mark bg-line opacity-50"
          style={{ width: `${90 - ((line * 17) % 50)}%` }}
        />
      ))}
    </div>
  );
}

/** Reports of actions, for some seconds, at the lower edge of the page. */
export function Announcements() {
  const announcements = useAnnouncements();
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-50 flex flex-col items-center gap-2 px-4"
    >
      {announcements.map(({ id, sentence }) => (
        <p key={id} className="rounded-box bg-ink px-4 py-2 text-paper shadow-raised">
          {sentence}
        </p>
      ))}
    </div>
  );
}
