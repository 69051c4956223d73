import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Reader } from "./read-jobs.ts";
import type { TopicLog } from "./topic-log.ts";

/** Returns the first position of the log whose message was published at or after a time. */
export function readSeqAt(reader: Reader, log: TopicLog, atMs: TimeMs): Promise<Seq> {
  const { topic, firstSeq, lastSeq } = log;
  return reader.call("findSeqAt", { topicId: topic.id, firstSeq, lastSeq, atMs });
}
