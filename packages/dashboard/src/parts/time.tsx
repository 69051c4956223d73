import { useSyncExternalStore } from "react";
import { localTime, relativeTime, utcTime } from "../format/time.ts";
import { useText } from "../language/text.ts";

/** A time in the reader's zone; its title is the exact time in UTC. `relative`: "3 minutes ago". */
export function Time({ at, relative = false }: { readonly at: string; readonly relative?: boolean }) {
  const { language } = useText();
  const nowMs = useNow();
  return (
    <time dateTime={at} title={utcTime(at)} className="whitespace-nowrap tabular-nums">
      {relative ? relativeTime(at, language, presentFor(at, nowMs)) : localTime(at, language, nowMs)}
    </time>
  );
}

/** The present, which is known in steps only: what has just happened is not in the future. */
function presentFor(at: string, knownMs: number): number {
  const atMs = new Date(at).getTime();
  return atMs > knownMs && atMs <= Date.now() ? atMs : knownMs;
}

const tickMs = 1_000;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

/** The present in steps, with one timer for all times of the page. */
export function useNow(stepMs = 5_000): number {
  return useSyncExternalStore(subscribe, () => Math.floor(nowMs / stepMs) * stepMs);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}
