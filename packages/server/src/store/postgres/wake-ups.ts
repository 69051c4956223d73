import type { SubscriptionId, TopicId } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import { CHANNEL, toPayload } from "./change-bus.ts";
import type { Lane } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";

/**
 * Tells the other nodes that there is work: at once when nothing was told lately, else with everything else that comes up within
 * `wakeMs`. Such a call may be lost; each node looks for work by itself now and then.
 */
export class WakeUps {
  readonly #lane: Lane;
  readonly #timers: Timers;
  readonly #nodeId: number;
  readonly #topicIds = new Set<TopicId>();
  readonly #subscriptionIds = new Set<SubscriptionId>();
  #cancel: (() => void) | null = null;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(lane: Lane, timers: Timers, nodeId: number) {
    this.#lane = lane;
    this.#timers = timers;
    this.#nodeId = nodeId;
  }

  topic(id: TopicId): void {
    this.#topicIds.add(id);
    this.#schedule();
  }

  subscription(id: SubscriptionId): void {
    this.#subscriptionIds.add(id);
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#tell();
    await this.#telling;
  }

  #schedule(): void {
    if (this.#cancel !== null || this.#closed) return;
    this.#cancel = this.#timers.after(postgresLimits.wakeMs, () => {
      this.#cancel = null;
      this.#tell();
      if (this.#topicIds.size + this.#subscriptionIds.size > 0) this.#schedule();
    });
  }

  #tell(): void {
    if (this.#topicIds.size + this.#subscriptionIds.size === 0) return;
    const news = {
      kind: "wake" as const,
      topicIds: takeSome(this.#topicIds),
      subscriptionIds: takeSome(this.#subscriptionIds),
    };
    this.#telling = this.#send(toPayload(this.#nodeId, news));
  }

  async #send(payload: string): Promise<void> {
    try {
      await this.#lane.query("SELECT pg_notify($1, $2)", [CHANNEL, payload], "wake");
    } catch {
      // The others look for work by themselves.
    }
  }
}

function takeSome<T>(ids: Set<T>): readonly T[] {
  const some = [...ids].slice(0, postgresLimits.wakeIdsMax);
  for (const id of some) ids.delete(id);
  return some;
}
