/** Computes positions in the log of a topic: the start of a new subscription, and the target of a rewind. */

import { RingbackError } from "./errors.ts";
import type { Seq, Start, TimeMs } from "./model.ts";

/** The first and the last position of a log; `lastSeq` is `firstSeq - 1` when the log is empty. */
export interface LogEnds {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
}

/**
 * The position of the first message that a new subscription delivers. `seqAt` returns the first position at or after a
 * time. Throws `invalid_request` for a time in the future, and for a position after that of the next message.
 */
export function startSeq<S>(start: Start, log: LogEnds, nowMs: TimeMs, seqAt: (atMs: TimeMs) => S): Seq | S {
  if (start === "now") return log.lastSeq + 1;
  if (typeof start === "object" && "atMs" in start && start.atMs > nowMs) {
    const fault = "must not lie in the future; a subscription starts when it is created at the latest";
    throw RingbackError.at("invalid_request", "start.at", fault);
  }
  return seqFrom("start", start, log, seqAt);
}

/**
 * The position of the first message at or after `start` that the log still has. Without such a message, the position
 * that the log's next message will get. Throws `invalid_request` for a later position. `field`: the one of `start` in
 * the request.
 */
export function seqFrom<S>(
  field: string,
  start: Exclude<Start, "now">,
  log: LogEnds,
  seqAt: (atMs: TimeMs) => S,
): Seq | S {
  if (start === "oldest") return log.firstSeq;
  if (!("seq" in start)) return seqAt(start.atMs);
  const nextSeq = log.lastSeq + 1;
  if (start.seq > nextSeq) {
    throw RingbackError.at(
      "invalid_request",
      `${field}.seq`,
      `must be at most ${nextSeq}, the next message's position`,
    );
  }
  return Math.max(start.seq, log.firstSeq);
}
