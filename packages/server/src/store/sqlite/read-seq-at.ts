import type { Seq, TimeMs } from "../../domain/model.ts";
import type { ReadJobs } from "./read-thread.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { TopicLog } from "./topic-log.ts";

/** The first position of the log that was published at or after a time. */
export function readSeqAt(reader: ThreadLink<ReadJobs>, log: TopicLog, atMs: TimeMs): Promise<Seq> {
  const { topic, firstSeq, lastSeq } = log;
  return reader.call("findSeqAt", { topicId: topic.id, firstSeq, lastSeq, atMs });
}
