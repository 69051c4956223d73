import { RingbackError } from "../../domain/errors.ts";
import type { Seq, TimeMs, TopicId } from "../../domain/model.ts";
import type { ReplayStore } from "../../store/replays.ts";

export type ReplayPosition = { readonly seq: Seq } | { readonly atMs: TimeMs };
export type ReplayStart = ReplayPosition | "oldest";
export type ReplayEnd = ReplayPosition | "now";

/**
 * Returns the positions of a range of the log, both included. The range is empty if the log has no message in it. A
 * position before the first message that still exists stays as it is, so that the replay can report what has expired.
 * Throws `topic_not_found`, and `invalid_request` for an end before the start, a time in the future, a position that no
 * message has yet, and a range whose messages have all expired.
 */
export async function replayRange(
  store: Pick<ReplayStore, "logRange" | "seqAt">,
  topicId: TopicId,
  { from, to }: { readonly from: ReplayStart; readonly to: ReplayEnd },
  nowMs: TimeMs,
): Promise<{ readonly fromSeq: Seq; readonly toSeq: Seq }> {
  const log = await store.logRange(topicId);
  if (log === null) throw new RingbackError("topic_not_found");
  const fromSeq = from === "oldest" ? log.firstSeq : await positionOf(store, topicId, from, { field: "from", nowMs });
  const toSeq = to === "now" ? log.lastSeq : await endOf(store, topicId, to, nowMs);
  if (typeof from === "object" && "seq" in from && from.seq > log.lastSeq + 1) {
    throw fault("from.seq", `must be at most ${log.lastSeq + 1}, the next message's position`);
  }
  if (typeof to === "object" && "seq" in to && to.seq > log.lastSeq) {
    throw fault("to.seq", `must be at most ${log.lastSeq}, the last message's position`);
  }
  if (isBefore(to, from)) throw fault("to", "must not lie before `from`");
  if (to !== "now" && toSeq < log.firstSeq) throw fault("to", "lies before every message that still exists");
  // Between two times, there may be no message.
  if (fromSeq > toSeq + 1) throw fault("to", "must not lie before `from`");
  return { fromSeq, toSeq };
}

function isBefore(to: ReplayEnd, from: ReplayStart): boolean {
  if (typeof to !== "object" || typeof from !== "object") return false;
  if ("seq" in to && "seq" in from) return to.seq < from.seq;
  return "atMs" in to && "atMs" in from && to.atMs < from.atMs;
}

async function endOf(
  store: Pick<ReplayStore, "seqAt">,
  topicId: TopicId,
  to: ReplayPosition,
  nowMs: TimeMs,
): Promise<Seq> {
  if ("seq" in to) return to.seq;
  assertPast("to", to.atMs, nowMs);
  return (await store.seqAt(topicId, to.atMs + 1)) - 1;
}

async function positionOf(
  store: Pick<ReplayStore, "seqAt">,
  topicId: TopicId,
  position: ReplayPosition,
  { field, nowMs }: { readonly field: string; readonly nowMs: TimeMs },
): Promise<Seq> {
  if ("seq" in position) return position.seq;
  assertPast(field, position.atMs, nowMs);
  return store.seqAt(topicId, position.atMs);
}

function assertPast(field: string, atMs: TimeMs, nowMs: TimeMs): void {
  if (atMs > nowMs) throw fault(`${field}.at`, "must not lie in the future");
}

function fault(field: string, sentence: string): RingbackError {
  return RingbackError.at("invalid_request", field, sentence);
}
