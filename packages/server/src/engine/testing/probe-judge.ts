import type { Subscription, SubscriptionHealth, TimeMs } from "../../domain/model.ts";
import type { Received } from "./controlled-delivery.ts";

/** The pause before a probe is spread by a fifth of its length. */
const SHORTEST_PAUSE = 0.8;
/** A probe starts when its time has come and its delivery was claimed, with two slow calls of the store. */
const CLAIM_MS = 125;

/**
 * Checks that behind an open breaker one probe at a time starts, and at most one per probe interval. A probe may start
 * late, as its delivery or its rate allows, and the next one when its interval is over. So every second one counts.
 */
export class ProbeJudge {
  /** The last probe of each breaker, of a subscription or of an origin, and the start of the one before. */
  readonly #last = new Map<string, { readonly received: Received; readonly beforeMs: TimeMs | null }>();
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
    const isFirst =
      last === undefined || startedAtMs <= this.#forgivenUntilMs || hasClosed(last.received, health.scope);
    this.#last.set(breaker, { received, beforeMs: isFirst ? null : last.received.post.startedAtMs });
    if (isFirst) return null;
    if (last.received.post.endedAtMs === null) return `a probe of ${breaker} starts while another one is in flight`;
    if (last.beforeMs === null) return null;
    const pauseMs = startedAtMs - last.beforeMs;
    if (pauseMs >= Math.floor(probeMsMin * SHORTEST_PAUSE) - CLAIM_MS) return null;
    return `three probes of ${breaker} start within ${pauseMs} ms, with an interval of ${probeMsMin}`;
  }
}

/** Whether the breaker has closed since: an origin has replied, or a subscription's endpoint has accepted a message. */
function hasClosed({ post: { result } }: Received, scope: SubscriptionHealth["scope"]): boolean {
  if (result === null) return false;
  return scope === "origin" ? result.status > 0 : result.status === 200;
}
