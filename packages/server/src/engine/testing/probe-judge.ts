import type { Subscription, SubscriptionHealth, TimeMs } from "../../domain/model.ts";
import type { Received } from "./controlled-delivery.ts";

/** The pause before a probe is spread by a fifth of its length. */
const SHORTEST_PAUSE = 0.8;
/** A probe starts when its time has come and its delivery was claimed, with two slow calls of the store. */
const CLAIM_MS = 125;

/** Checks that behind an open breaker one probe at a time starts, and at most one per probe interval. */
export class ProbeJudge {
  /** The last probe of each breaker: of a subscription, or of an origin. */
  readonly #last = new Map<string, Received>();
  #forgivenUntilMs: TimeMs = 0;

  /** Settings or states were changed, or a process has ended: a probe may have been without effect. */
  forgive(untilMs: TimeMs): void {
    this.#last.clear();
    this.#forgivenUntilMs = Math.max(this.#forgivenUntilMs, untilMs);
  }

  closed(name: string, origin: string): void {
    this.#last.delete(name);
    this.#last.delete(origin);
  }

  /** Returns what is wrong, or null. */
  started(
    received: Received,
    { name, health, settings }: Subscription,
    origin: string,
    probeMsMin: number,
  ): string | null {
    if (health?.state !== "open" || settings.breaker === null) return null;
    const { startedAtMs } = received.post;
    const breaker = health.scope === "origin" ? origin : name;
    const last = this.#last.get(breaker);
    this.#last.set(breaker, received);
    if (last === undefined || startedAtMs <= this.#forgivenUntilMs || hasClosed(last, health.scope)) return null;
    if (last.post.endedAtMs === null) return `a probe of ${breaker} starts while another one is in flight`;
    const pauseMs = startedAtMs - last.post.startedAtMs;
    if (pauseMs >= Math.floor(probeMsMin * SHORTEST_PAUSE) - CLAIM_MS) return null;
    return `a probe of ${breaker} starts ${pauseMs} ms after the last one, instead of ${probeMsMin}`;
  }
}

/** Whether the breaker has closed since: an origin has replied, or a subscription's endpoint has accepted a message. */
function hasClosed({ post: { result } }: Received, scope: SubscriptionHealth["scope"]): boolean {
  if (result === null) return false;
  return scope === "origin" ? result.status > 0 : result.status === 200;
}
