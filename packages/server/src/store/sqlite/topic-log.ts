import type { Seq, TimeMs, Topic } from "../../domain/model.ts";

/** A topic and the ends of its log. */
export class TopicLog {
  topic: Topic;
  firstSeq: Seq;
  lastSeq: Seq;
  /**
   * No message in the log is older than this time; null: the log is empty. Retention moves it forward.
   */
  oldestAtMs: TimeMs | null;

  constructor(topic: Topic, firstSeq: Seq, lastSeq: Seq, oldestAtMs: TimeMs | null) {
    this.topic = topic;
    this.firstSeq = firstSeq;
    this.lastSeq = lastSeq;
    this.oldestAtMs = oldestAtMs;
  }
}
