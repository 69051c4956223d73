import type { Subscription, SubscriptionId } from "../../domain/model.ts";
import type { Claim, ClaimId, ClaimWant, Store } from "../../store/port.ts";
import { engineLimits } from "../engine-limits.ts";
import { Lane, type LaneContext } from "./subscription-sender.ts";

type DispatcherContext = Omit<LaneContext, "maySend" | "wantsClaim" | "claimEnded">;

interface Asking {
  readonly lane: Lane;
  readonly want: ClaimWant;
}

/**
 * Brings claims to lanes. Hints gather in `#ready`; at the end of the turn one call to the store claims for all of them.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #context: DispatcherContext;
  readonly #failed: (error: unknown) => void;
  readonly #lanes = new Map<SubscriptionId, Lane>();
  /** Subscriptions that a claim may bring something for. */
  readonly #ready = new Set<SubscriptionId>();
  readonly #openClaims = new Map<ClaimId, Lane>();
  /** Lanes that were stopped with POSTs in flight: for the sake of order, others of their subscription wait for them. */
  readonly #draining = new Map<SubscriptionId, Set<Lane>>();
  #scheduled = false;
  #pumping = false;
  #pumped: Promise<void> = Promise.resolve();
  /** Something became ready while the pump ran: what it has looked at before may be claimed for now. */
  #pumpAgain = false;
  /** Counts the changes of subscriptions, to see whether one came while something was read. */
  #changes = 0;
  #stopped = false;
  /** What `store.touch` said when every open claim was known to be held; null: some may have been lost since. */
  #sureAt: number | null;
  /** Counts claims whose answer may have come too late. */
  #lateClaims = 0;
  #resolvingDoubt = false;
  #cancelTimers: (() => void)[] = [];

  constructor(store: Store, context: DispatcherContext, failed: (error: unknown) => void) {
    this.#store = store;
    this.#context = context;
    this.#failed = failed;
    this.#sureAt = store.touch();
  }

  async start(): Promise<void> {
    this.#store.onReady((ids) => this.#hint(ids));
    this.#store.onSubscriptionChange((id) => this.#changed(id));
    await this.#lookForWork();
    if (this.#stopped) return;
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

  /** After `stop`: the last claim has been answered and given back. */
  async quiet(): Promise<void> {
    await this.#pumped;
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
    if (!lane.isDraining) this.#drained(lane);
    this.#ready.add(lane.id);
    this.#schedule();
  }

  #schedule(): void {
    this.#pumpAgain = true;
    if (this.#scheduled || this.#pumping || this.#stopped) return;
    this.#scheduled = true;
    this.#context.timers.soon(() => {
      this.#scheduled = false;
      this.#pumped = this.#pump().catch(this.#failed);
    });
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (!this.#stopped && this.#ready.size > 0) {
        this.#pumpAgain = false;
        // Held back until outcomes are on the disk: each settled batch calls again.
        if (this.#context.settler.unwritten > engineLimits.unsettledMax) {
          await this.#context.settler.idle();
        }
        const asking = await this.#nextAsking();
        if (this.#stopped) break;
        if (asking.length > 0) await this.#claim(asking);
        else if (!this.#pumpAgain) break;
      }
    } finally {
      this.#pumping = false;
    }
  }

  async #claim(asking: readonly Asking[]): Promise<void> {
    let claims: readonly Claim[];
    const askedAt = this.#store.touch();
    try {
      claims = await this.#store.claim(
        asking.map(({ want }) => want),
        engineLimits.claimLeaseMs,
      );
    } catch (error) {
      for (const { lane } of asking) {
        lane.claimFailed();
        this.#ready.add(lane.id);
      }
      throw error;
    }
    if (askedAt === null || askedAt !== this.#store.touch()) {
      // Others may have taken it again before its answer was here.
      this.#lateClaims++;
      this.#sureAt = null;
    }
    asking.forEach(({ lane, want }, index) => {
      const claim = claims[index];
      if (claim === undefined) return;
      if (claim.deliveries.length > 0) this.#openClaims.set(claim.id, lane);
      lane.accept(claim, want.fromLog);
    });
  }

  /** Takes from `#ready` those that can be claimed for now. The others come back by themselves when they have room. */
  async #nextAsking(): Promise<Asking[]> {
    const { slots } = this.#context;
    const asking: Asking[] = [];
    let reserved = 0;
    for (const id of this.#ready) {
      if (asking.length >= engineLimits.claimWantsMax || !slots.hasBytes("good", reserved)) break;
      const lane = this.#lanes.get(id) ?? (await this.#openLane(id));
      if (lane === null) {
        this.#ready.delete(id);
        continue;
      }
      // Hinted at again while another lane was opened: its turn comes after this claim.
      if (lane.isAsking || !slots.hasBytes(lane.standing, reserved)) continue;
      this.#ready.delete(id);
      const deliveriesMax = lane.wanted;
      if (deliveriesMax === 0) {
        // The hint may be newer than the claim that it has: it asks when it has room.
        lane.hasMore = true;
        continue;
      }
      lane.claimAsked();
      reserved += engineLimits.claimReservedBytes;
      asking.push({
        lane,
        want: {
          subscriptionId: id,
          deliveriesMax,
          bytesMax: engineLimits.claimBytesMax,
          fromLog: lane.wantsFromLog,
        },
      });
    }
    return asking;
  }

  async #openLane(id: SubscriptionId): Promise<Lane | null> {
    const subscription = await this.#read(id);
    if (subscription === null || subscription.state !== "active" || this.#stopped) return null;
    // Somebody takes from it; nothing is sent.
    if (subscription.settings.push === null) return null;
    const { order } = subscription.settings;
    for (const before of this.#draining.get(id) ?? []) if (order !== "none" || before.order !== "none") return null;
    let lane: Lane;
    try {
      lane = this.#newLane(subscription);
    } catch (error) {
      // One subscription that cannot be served must not keep the others from being served.
      this.#failed(error);
      return null;
    }
    this.#lanes.set(id, lane);
    return lane;
  }

  /** As it is after the last change, in whatever order the answers come. */
  async #read(id: SubscriptionId): Promise<Subscription | null> {
    for (;;) {
      const changes = this.#changes;
      const subscription = await this.#store.getSubscriptionById(id);
      if (changes === this.#changes) return subscription;
    }
  }

  #newLane(subscription: Subscription): Lane {
    const lane: Lane = new Lane(subscription, {
      ...this.#context,
      maySend: () => this.#maySend(),
      wantsClaim: (wanting) => this.#wantsClaim(wanting),
      claimEnded: (claimId) => {
        this.#openClaims.delete(claimId);
        if (!lane.isDraining) this.#drained(lane);
        // Bytes have become free: somebody may have waited for them.
        if (this.#ready.size > 0) this.#schedule();
      },
    });
    return lane;
  }

  #changed(id: SubscriptionId): void {
    this.#changes++;
    if (this.#lanes.has(id)) this.#follow(id).catch(this.#failed);
  }

  async #follow(id: SubscriptionId): Promise<void> {
    const subscription = await this.#read(id);
    const lane = this.#lanes.get(id);
    if (lane === undefined) return;
    const isActive = subscription !== null && subscription.state === "active";
    if (isActive && subscription.settings.order === lane.order) return lane.change(subscription);
    // With another order a lane begins anew: what is in flight was not sent under that order.
    this.#lanes.delete(id);
    lane.stop();
    if (lane.isDraining) {
      const draining = this.#draining.get(id);
      if (draining === undefined) this.#draining.set(id, new Set([lane]));
      else draining.add(lane);
    }
    if (isActive) this.#hint([id]);
  }

  #drained(lane: Lane): void {
    const draining = this.#draining.get(lane.id);
    if (draining?.delete(lane) !== true) return;
    if (draining.size === 0) this.#draining.delete(lane.id);
    this.#hint([lane.id]);
  }

  async #lookForWork(): Promise<void> {
    this.#hint((await this.#store.findReady()).subscriptionIds);
  }

  /** A process that hung finds out what it still holds before it sends any of it: others may have delivered the rest. */
  #maySend(): boolean {
    if (this.#isSure()) return true;
    if (!this.#resolvingDoubt && !this.#stopped) {
      this.#resolvingDoubt = true;
      this.#context.timers.soon(() => void this.#resolveDoubt());
    }
    return false;
  }

  #isSure(): boolean {
    return this.#sureAt !== null && this.#sureAt === this.#store.touch();
  }

  async #resolveDoubt(): Promise<void> {
    try {
      const touch = this.#store.touch();
      const lateClaims = this.#lateClaims;
      if (touch !== null) {
        await this.#renewLeases();
        if (lateClaims === this.#lateClaims) this.#sureAt = touch;
      }
    } catch (error) {
      this.#failed(error);
    }
    if (this.#stopped) return;
    if (this.#isSure()) {
      this.#resolvingDoubt = false;
      for (const lane of this.#lanes.values()) lane.onRoom();
    } else this.#context.timers.after(engineLimits.doubtMs, () => void this.#resolveDoubt());
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
