import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Post } from "./scripted-transport.ts";

/** A POST that an endpoint has received. */
export interface Received {
  readonly post: Post;
  /** When the breaker opened that was open at the start; null: none was open. */
  readonly openedAtMs: TimeMs | null;
  /** True: the breaker stayed open until the end of the POST, so the policy must not count the attempt. */
  isProbe: boolean;
  hasEnded: boolean;
}

/** The delivery of one message to one subscription, as seen from outside. */
export class ControlledDelivery {
  readonly seq: Seq;
  readonly key: string | null;
  readonly isDelayed: boolean;
  readonly posts: Received[] = [];
  /** How often the message may be delivered: once, and once for each replay, redrive and retry that includes it. */
  credits = 1;
  /** True: the live delivery has ended. A copy does not change that. */
  isOver = false;
  /** When POSTs for an earlier credit may have started last. */
  credited: { readonly atMs: TimeMs; readonly wasOver: boolean } | null = null;
  /** Later POSTs break the promise of a cancelled replay. */
  endsAtMs = Number.POSITIVE_INFINITY;

  constructor(seq: Seq, key: string | null, isDelayed: boolean) {
    this.seq = seq;
    this.key = key;
    this.isDelayed = isDelayed;
  }

  get isAsked(): boolean {
    return this.credits > 1;
  }

  credit(nowMs: TimeMs): void {
    this.credits++;
    this.credited = { atMs: nowMs, wasOver: this.isOver };
    this.endsAtMs = Number.POSITIVE_INFINITY;
  }

  get accepted(): readonly Received[] {
    return this.posts.filter(({ post }) => post.result?.status === 200);
  }

  /** Failed attempts that the retry policy counts. Aborted POSTs are no attempts. */
  countedFailures(sinceMs: TimeMs): readonly Received[] {
    return this.posts.filter(
      ({ post: { result, endedAtMs }, isProbe }) =>
        result !== null &&
        result.status !== 200 &&
        result.error !== "aborted" &&
        !isProbe &&
        Number(endedAtMs) >= sinceMs,
    );
  }
}
