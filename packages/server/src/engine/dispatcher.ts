import type { SubscriptionId } from "../domain/model.ts";
import type { Claim, ClaimId, ClaimWant, Store } from "../store/port.ts";
import { engineLimits } from "./engine-limits.ts";
import { Lane, type LaneContext } from "./lane.ts";

/**
 * Brings claims to lanes. Hints gather in `#ready`; at the end of the turn one call to the store claims for all of them.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #context: Omit<LaneContext, "wantsClaim" | "claimEnded">;
  readonly #failed: (error: unknown) => void;
  readonly #lanes = new Map<SubscriptionId, Lane>();
  /** Subscriptions that a claim may bring something for. */
  readonly #ready = new Set<SubscriptionId>();
  readonly #openClaims = new Map<ClaimId, Lane>();
  #scheduled = false;
  #pumping = false;
  #stopped = false;
  #cancelTimers: (() => void)[] = [];

  constructor(store: Store, context: Omit<LaneContext, "wantsClaim" | "claimEnded">, failed: (error: unknown) => void) {
    this.#store = store;
    this.#context = context;
    this.#failed = failed;
  }

  async start(): Promise<void> {
    this.#store.onReady((ids) => this.#hint(ids));
    this.#store.onSubscriptionChange((id) => this.#changed(id));
    await this.#lookForWork();
    this.#every(engineLimits.lookForWorkMs, () => this.#lookForWork());
    this.#every(engineLimits.claimRenewMs, () => this.#renewLeases());
    this.#every(engineLimits.laneSweepMs, () => this.#dropIdleLanes());
  }

  get inFlight(): number {
    return this.#context.slots.used;
  }

  /** No more claims; what has not been sent goes back. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancelTimers) cancel();
    for (const lane of this.#lanes.values()) lane.stop();
  }

  #every(periodMs: number, task: () => void | Promise<void>): void {
    const slot = this.#cancelTimers.push(() => {}) - 1;
    const arm = (): void => {
      this.#cancelTimers[slot] = this.#context.timers.after(periodMs, () => {
        Promise.resolve()
          .then(task)
          .catch(this.#failed)
          .finally(() => {
            if (!this.#stopped) arm();
          });
      });
    };
    arm();
  }

  #hint(ids: readonly SubscriptionId[]): void {
    for (const id of ids) {
      const lane = this.#lanes.get(id);
      if (lane !== undefined) lane.hasMore = true;
      this.#ready.add(id);
    }
    this.#schedule();
  }

  #wantsClaim(lane: Lane): void {
    this.#ready.add(lane.id);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#pumping || this.#stopped) return;
    this.#scheduled = true;
    this.#context.timers.soon(() => {
      this.#scheduled = false;
      this.#pump().catch(this.#failed);
    });
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#stopped && this.#ready.size > 0) {
        // Held back until outcomes are on the disk: each settled batch calls again.
        if (this.#context.settler.unwritten > engineLimits.unsettledMax) {
          await this.#context.settler.idle();
        }
        const wants = await this.#nextWants();
        if (wants.length === 0) break;
        const claims = await this.#store.claim(wants, engineLimits.claimLeaseMs);
        claims.forEach((claim, index) => this.#deliver(claim, (wants[index] as ClaimWant).fromLog));
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** Takes from `#ready` those that can be claimed for now. The others come back by themselves when they have room. */
  async #nextWants(): Promise<ClaimWant[]> {
    const wants: ClaimWant[] = [];
    for (const id of this.#ready) {
      if (wants.length >= engineLimits.claimWantsMax) break;
      const lane = this.#lanes.get(id) ?? (await this.#openLane(id));
      if (lane === null) {
        this.#ready.delete(id);
        continue;
      }
      if (!this.#context.slots.hasBytes(lane.isSlow)) continue;
      this.#ready.delete(id);
      const deliveriesMax = lane.wanted;
      if (deliveriesMax === 0) continue;
      wants.push({
        subscriptionId: id,
        deliveriesMax,
        bytesMax: engineLimits.claimBytesMax,
        fromLog: lane.wantsFromLog,
      });
    }
    return wants;
  }

  async #openLane(id: SubscriptionId): Promise<Lane | null> {
    const subscription = await this.#store.getSubscriptionById(id);
    if (subscription === null || subscription.state === "paused" || this.#stopped) return null;
    const lane = new Lane(subscription, {
      ...this.#context,
      wantsClaim: (wanting) => this.#wantsClaim(wanting),
      claimEnded: (claimId) => {
        this.#openClaims.delete(claimId);
        // Bytes have become free: somebody may have waited for them.
        if (this.#ready.size > 0) this.#schedule();
      },
    });
    this.#lanes.set(id, lane);
    return lane;
  }

  #deliver(claim: Claim, fromLog: boolean): void {
    const lane = this.#lanes.get(claim.subscriptionId);
    if (lane === undefined) return;
    if (claim.deliveries.length > 0) this.#openClaims.set(claim.id, lane);
    lane.accept(claim, fromLog);
  }

  #changed(id: SubscriptionId): void {
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    this.#store
      .getSubscriptionById(id)
      .then((subscription) => {
        if (subscription !== null && subscription.state === "active") lane.change(subscription);
        else {
          lane.stop();
          this.#lanes.delete(id);
        }
      })
      .catch(this.#failed);
  }

  async #lookForWork(): Promise<void> {
    this.#hint((await this.#store.findReady()).subscriptionIds);
  }

  async #renewLeases(): Promise<void> {
    const ids = [...this.#openClaims.keys()];
    if (ids.length === 0) return;
    const held = new Set(await this.#store.renew(ids, engineLimits.claimLeaseMs));
    for (const id of ids) {
      if (held.has(id)) continue;
      this.#openClaims.get(id)?.drop(id);
      this.#openClaims.delete(id);
    }
  }

  #dropIdleLanes(): void {
    const now = this.#context.clock.now();
    for (const [id, lane] of this.#lanes) if (lane.isIdle(now)) this.#lanes.delete(id);
  }
}
