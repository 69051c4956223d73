import type { Subscription, SubscriptionId } from "../../domain/model.ts";
import type { Claim, ClaimId, ClaimWant } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";
import { engineLimits } from "../engine-limits.ts";
import { SubscriptionSender, type SenderContext } from "./subscription-sender.ts";

type DispatcherContext = Omit<SenderContext, "maySend" | "wantsClaim" | "claimEnded">;

interface Asking {
  readonly sender: SubscriptionSender;
  readonly want: ClaimWant;
}

/**
 * Brings claims to senders. Hints gather in `#ready`; at the end of the turn one call to the store claims for all of them.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #context: DispatcherContext;
  readonly #failed: (error: unknown) => void;
  readonly #senders = new Map<SubscriptionId, SubscriptionSender>();
  /** Subscriptions that a claim may bring something for. */
  readonly #ready = new Set<SubscriptionId>();
  readonly #openClaims = new Map<ClaimId, SubscriptionSender>();
  /** Senders that were stopped with POSTs in flight: for the sake of order, others of their subscription wait for them. */
  readonly #draining = new Map<SubscriptionId, Set<SubscriptionSender>>();
  #scheduled = false;
  #pumping = false;
  #pumped: Promise<void> = Promise.resolve();
  /** Something became ready while the pump ran: what it has looked at before may be claimed for now. */
  #pumpAgain = false;
  /** Counts the changes of subscriptions, to see whether one came while something was read. */
  #changes = 0;
  #stopped = false;
  /** What `store.log.touch` said when every open claim was known to be held; null: some may have been lost since. */
  #sureAt: number | null;
  /** Counts claims whose answer may have come too late. */
  #lateClaims = 0;
  #resolvingDoubt = false;
  #cancelTimers: (() => void)[] = [];

  constructor(store: Store, context: DispatcherContext, failed: (error: unknown) => void) {
    this.#store = store;
    this.#context = context;
    this.#failed = failed;
    this.#sureAt = store.log.touch();
  }

  async start(): Promise<void> {
    this.#store.log.onReady((ids) => this.#wakeUp(ids));
    this.#store.catalog.onSubscriptionChange((id) => this.#changed(id));
    await this.#findWork();
    if (this.#stopped) return;
    this.#every(engineLimits.findWorkMs, () => this.#findWork());
    this.#every(engineLimits.claimRenewMs, () => this.#renewLeases());
    this.#every(engineLimits.senderSweepMs, () => this.#dropIdleLanes());
  }

  get inFlight(): number {
    return this.#context.slots.used;
  }

  /** No more claims; what has not been sent goes back. */
  stop(): void {
    this.#stopped = true;
    for (const cancel of this.#cancelTimers) cancel();
    for (const sender of this.#senders.values()) sender.stop();
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

  #wakeUp(ids: readonly SubscriptionId[]): void {
    for (const id of ids) {
      const sender = this.#senders.get(id);
      if (sender !== undefined) sender.hasMore = true;
      this.#ready.add(id);
    }
    this.#schedule();
  }

  #wantsClaim(sender: SubscriptionSender): void {
    if (!sender.isDraining) this.#drained(sender);
    this.#ready.add(sender.id);
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
    const askedAt = this.#store.log.touch();
    try {
      claims = await this.#store.log.claim(
        asking.map(({ want }) => want),
        engineLimits.claimLeaseMs,
      );
    } catch (error) {
      for (const { sender } of asking) {
        sender.claimFailed();
        this.#ready.add(sender.id);
      }
      throw error;
    }
    if (askedAt === null || askedAt !== this.#store.log.touch()) {
      // Others may have taken it again before its answer was here.
      this.#lateClaims++;
      this.#sureAt = null;
    }
    asking.forEach(({ sender, want }, index) => {
      const claim = claims[index];
      if (claim === undefined) return;
      if (claim.deliveries.length > 0) this.#openClaims.set(claim.id, sender);
      sender.accept(claim, want.fromLog);
    });
  }

  /** Takes from `#ready` those that can be claimed for now. The others come back by themselves when they have room. */
  async #nextAsking(): Promise<Asking[]> {
    const { slots } = this.#context;
    const asking: Asking[] = [];
    let reserved = 0;
    for (const id of this.#ready) {
      if (asking.length >= engineLimits.claimWantsMax || !slots.hasBytes("good", reserved)) break;
      const sender = this.#senders.get(id) ?? (await this.#openLane(id));
      if (sender === null) {
        this.#ready.delete(id);
        continue;
      }
      // Hinted at again while another sender was opened: its turn comes after this claim.
      if (sender.isAsking || !slots.hasBytes(sender.standing, reserved)) continue;
      this.#ready.delete(id);
      const deliveriesMax = sender.wanted;
      if (deliveriesMax === 0) {
        // The wakeUp may be newer than the claim that it has: it asks when it has room.
        sender.hasMore = true;
        continue;
      }
      sender.claimAsked();
      reserved += engineLimits.claimReservedBytes;
      asking.push({
        sender,
        want: {
          subscriptionId: id,
          deliveriesMax,
          bytesMax: engineLimits.claimBytesMax,
          fromLog: sender.wantsFromLog,
        },
      });
    }
    return asking;
  }

  async #openLane(id: SubscriptionId): Promise<SubscriptionSender | null> {
    const subscription = await this.#read(id);
    if (subscription === null || subscription.state !== "active" || this.#stopped) return null;
    // Somebody takes from it; nothing is sent.
    if (subscription.settings.push === null) return null;
    const { order } = subscription.settings;
    for (const before of this.#draining.get(id) ?? []) if (order !== "none" || before.order !== "none") return null;
    let sender: SubscriptionSender;
    try {
      sender = this.#newLane(subscription);
    } catch (error) {
      // One subscription that cannot be served must not keep the others from being served.
      this.#failed(error);
      return null;
    }
    this.#senders.set(id, sender);
    return sender;
  }

  /** As it is after the last change, in whatever order the answers come. */
  async #read(id: SubscriptionId): Promise<Subscription | null> {
    for (;;) {
      const changes = this.#changes;
      const subscription = await this.#store.catalog.getSubscriptionById(id);
      if (changes === this.#changes) return subscription;
    }
  }

  #newLane(subscription: Subscription): SubscriptionSender {
    const sender: SubscriptionSender = new SubscriptionSender(subscription, {
      ...this.#context,
      maySend: () => this.#maySend(),
      wantsClaim: (wanting) => this.#wantsClaim(wanting),
      claimEnded: (claimId) => {
        this.#openClaims.delete(claimId);
        if (!sender.isDraining) this.#drained(sender);
        // Bytes have become free: somebody may have waited for them.
        if (this.#ready.size > 0) this.#schedule();
      },
    });
    return sender;
  }

  #changed(id: SubscriptionId): void {
    this.#changes++;
    if (this.#senders.has(id)) this.#follow(id).catch(this.#failed);
  }

  async #follow(id: SubscriptionId): Promise<void> {
    const subscription = await this.#read(id);
    const sender = this.#senders.get(id);
    if (sender === undefined) return;
    const isActive = subscription !== null && subscription.state === "active";
    if (isActive && subscription.settings.order === sender.order) return sender.change(subscription);
    // With another order a sender begins anew: what is in flight was not sent under that order.
    this.#senders.delete(id);
    sender.stop();
    if (sender.isDraining) {
      const draining = this.#draining.get(id);
      if (draining === undefined) this.#draining.set(id, new Set([sender]));
      else draining.add(sender);
    }
    if (isActive) this.#wakeUp([id]);
  }

  #drained(sender: SubscriptionSender): void {
    const draining = this.#draining.get(sender.id);
    if (draining?.delete(sender) !== true) return;
    if (draining.size === 0) this.#draining.delete(sender.id);
    this.#wakeUp([sender.id]);
  }

  async #findWork(): Promise<void> {
    this.#wakeUp((await this.#store.log.findReady()).subscriptionIds);
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
    return this.#sureAt !== null && this.#sureAt === this.#store.log.touch();
  }

  async #resolveDoubt(): Promise<void> {
    try {
      const touch = this.#store.log.touch();
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
      for (const sender of this.#senders.values()) sender.onRoom();
    } else this.#context.timers.after(engineLimits.doubtMs, () => void this.#resolveDoubt());
  }

  async #renewLeases(): Promise<void> {
    const ids = [...this.#openClaims.keys()];
    if (ids.length === 0) return;
    const held = new Set(await this.#store.log.renew(ids, engineLimits.claimLeaseMs));
    for (const id of ids) {
      if (held.has(id)) continue;
      this.#openClaims.get(id)?.drop(id);
      this.#openClaims.delete(id);
    }
  }

  #dropIdleLanes(): void {
    const now = this.#context.clock.now();
    for (const [id, sender] of this.#senders) if (sender.isIdle(now)) this.#senders.delete(id);
  }
}
