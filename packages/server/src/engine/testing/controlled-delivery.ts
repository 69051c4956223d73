import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Post } from "./scripted-transport.ts";

/** A POST that an endpoint has received. */
export interface Received {
  readonly post: Post;
  /** When the breaker opened that was open at the start; null: none was open. */
  readonly openedAtMs: TimeMs | null;
  /**
   * `yes`: the breaker stayed open until the end of the POST, so the policy must not count the attempt. `unclear`: it
   * has closed meanwhile, or has been switched off, or the subscription was disabled because of this POST.
   */
  isProbe: "yes" | "no" | "unclear";
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

  get isRequested(): boolean {
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

  /** Failed attempts that the retry policy counts: at least, or at most. Aborted POSTs are no attempts. */
  counted(bound: "least" | "most"): readonly Received[] {
    return this.posts.filter(({ post: { result }, isProbe }) => {
      if (result === null || result.status === 200 || result.error === "aborted") return false;
      return isProbe === "no" || (isProbe === "unclear" && bound === "most");
    });
  }
}
