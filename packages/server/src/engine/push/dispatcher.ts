import { awaitsVerification } from "../../domain/endpoint-verification.ts";
import type { AccountId, Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimId, ClaimWant } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";
import { engineLimits } from "../engine-limits.ts";
import { Breakers, type BreakersContext } from "./breakers.ts";
import { LeaseGuard } from "./lease-guard.ts";
import type { SenderState } from "./sender-state.ts";
import { SubscriptionSender, type SenderContext } from "./subscription-sender.ts";

interface DispatcherContext
  extends
    Omit<SenderContext, "maySend" | "wantsClaim" | "claimEnded" | "breakers">,
    Omit<BreakersContext, "wake" | "block" | "events" | "store" | "failed"> {
  /** Called for a subscription with work whose endpoint must be verified first. */
  readonly unverified: (subscription: Subscription) => void;
  /** Called at the start, and every `findWorkMs`, with the subscriptions that have work. */
  readonly found: (ids: readonly SubscriptionId[]) => Promise<void>;
}

interface ClaimRequest {
  readonly sender: SubscriptionSender;
  readonly want: ClaimWant;
}

/**
 * Claims deliveries and passes them to senders. Collects the subscriptions that may have work. At the end of a turn of
 * the event loop, one call makes a claim for all of them.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #context: DispatcherContext;
  readonly #failed: (error: unknown) => void;
  readonly #senders = new Map<SubscriptionId, SubscriptionSender>();
  /** Subscriptions for which a claim may return deliveries. */
  readonly #ready = new Set<SubscriptionId>();
  readonly #openClaims = new Map<ClaimId, SubscriptionSender>();
  /** Stopped senders with POSTs in flight. A new sender of an ordered subscription waits until they have finished. */
  readonly #draining = new Map<SubscriptionId, Set<SubscriptionSender>>();
  /** Subscriptions with work whose endpoint must be verified first. */
  readonly #unverified = new Set<SubscriptionId>();
  readonly #leases: LeaseGuard;
  readonly #breakers: Breakers;
  #scheduled = false;
  #claiming = false;
  #claimed: Promise<void> = Promise.resolve();
  /**
   * True: a subscription became ready during the claim loop, so subscriptions that were skipped may be claimable now.
   */
  #claimAgain = false;
  /** Counts changes of subscriptions, to detect a change during a read. */
  #changes = 0;
  #stopped = false;
  #cancelTimers: (() => void)[] = [];

  constructor(store: Store, context: DispatcherContext, failed: (error: unknown) => void) {
    this.#store = store;
    this.#context = context;
    this.#failed = failed;
    this.#breakers = new Breakers({
      ...context,
      wake: (ids) => this.#wakeUp(ids),
      block: (id) => this.#senders.get(id)?.resume(),
      failed,
    });
    this.#leases = new LeaseGuard({
      touch: () => store.log.touch(),
      renew: () => this.#renewLeases(),
      confirmed: () => {
        for (const sender of this.#senders.values()) sender.resume();
      },
      timers: context.timers,
      failed,
    });
  }

  async start(): Promise<void> {
    this.#store.log.onReady((ids) => this.#wakeUp(ids));
    this.#store.catalog.onSubscriptionChange((id) => this.#changed(id));
    // Copies of a cancelled replay that have not started must not be sent. Other released deliveries are claimed again.
    this.#store.replays.onCancelled((id) => this.#senders.get(id)?.releaseQueued());
    const ids = await this.#findWork();
    if (this.#stopped) return;
    this.#context.found(ids).catch((error: unknown) => {
      if (!this.#stopped) this.#failed(error);
    });
    this.#every(engineLimits.findWorkMs, async () => this.#context.found(await this.#findWork()));
    this.#every(engineLimits.claimRenewMs, () => this.#renewLeases());
    this.#every(engineLimits.senderSweepMs, () => this.#dropIdleSenders());
  }

  /** null: this process does not send to the subscription at present. */
  senderState(id: SubscriptionId): SenderState | null {
    return this.#senders.get(id)?.state ?? null;
  }

  get inFlight(): number {
    return this.#context.slots.used;
  }

  /** Stops claiming, and releases the deliveries that have not been sent. */
  stop(): void {
    this.#stopped = true;
    this.#leases.stop();
    for (const cancel of this.#cancelTimers) cancel();
    for (const sender of this.#senders.values()) sender.stop();
    this.#breakers.stop();
  }

  /** Call after `stop`. Resolves when the last claim has arrived and its deliveries were released. */
  async quiet(): Promise<void> {
    await this.#claimed;
  }

  #every(periodMs: number, task: () => void | Promise<void>): void {
    const index = this.#cancelTimers.push(() => {}) - 1;
    const arm = (): void => {
      this.#cancelTimers[index] = this.#context.timers.after(periodMs, () => {
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
    this.#claimAgain = true;
    if (this.#scheduled || this.#claiming || this.#stopped) return;
    this.#scheduled = true;
    this.#context.timers.soon(() => {
      this.#scheduled = false;
      this.#claimed = this.#claimReady().catch(this.#failed);
    });
  }

  async #claimReady(): Promise<void> {
    if (this.#claiming) return;
    this.#claiming = true;
    try {
      while (!this.#stopped && this.#ready.size > 0) {
        this.#claimAgain = false;
        // When too many settlements wait for the disk, the next claim waits until they are written.
        if (this.#context.settler.unwritten > engineLimits.unsettledMax) {
          await this.#context.settler.idle();
        }
        const requests = await this.#nextRequests();
        if (this.#stopped) break;
        if (requests.length > 0) await this.#claim(requests);
        else if (!this.#claimAgain) break;
      }
    } finally {
      this.#claiming = false;
    }
  }

  async #claim(requests: readonly ClaimRequest[]): Promise<void> {
    let claims: readonly Claim[];
    const touchBefore = this.#store.log.touch();
    try {
      claims = await this.#store.log.claim(
        requests.map(({ want }) => want),
        engineLimits.claimLeaseMs,
      );
    } catch (error) {
      for (const { sender } of requests) {
        sender.claimFailed();
        this.#ready.add(sender.id);
      }
      throw error;
    }
    this.#leases.claimArrived(touchBefore);
    requests.forEach(({ sender, want }, index) => {
      const claim = claims[index];
      if (claim === undefined) return;
      if (claim.deliveries.length > 0) this.#openClaims.set(claim.id, sender);
      sender.accept(claim, want.fromLog);
      // A wake-up without work, such as that of a new subscription, leaves no sender in memory.
      this.#dropIfIdle(sender, this.#context.clock.now());
    });
  }

  /**
   * Removes from `#ready` the subscriptions for which deliveries can be claimed now. The other subscriptions stay in
   * `#ready` until slots or bytes are free.
   */
  async #nextRequests(): Promise<ClaimRequest[]> {
    const { slots } = this.#context;
    const requests: ClaimRequest[] = [];
    let reserved = 0;
    const ofAccounts = new Map<AccountId, number>();
    for (const id of this.#ready) {
      if (requests.length >= engineLimits.claimWantsMax || !slots.hasBytes("healthy", reserved)) break;
      const sender = this.#senders.get(id) ?? (this.#breakers.isWaiting(id) ? null : await this.#openSender(id));
      if (sender === null) {
        this.#ready.delete(id);
        continue;
      }
      // A sender that is in `requests` already may become ready again while another sender is opened. The next round
      // makes a claim for it.
      if (sender.isClaiming || !slots.hasBytes(sender.health, reserved)) continue;
      // One account cannot use up the claims of a round, or the bytes, however many of its subscriptions are ready.
      const ofAccount = ofAccounts.get(sender.accountId) ?? 0;
      if (ofAccount >= slots.claimsPerAccountMax) continue;
      if (!slots.hasBytesFor(sender.accountId, ofAccount * engineLimits.claimReservedBytes)) continue;
      this.#ready.delete(id);
      const deliveriesMax = sender.wanted;
      if (deliveriesMax === 0) {
        // The wake-up may be newer than the sender's last claim. The sender requests a claim when its queue runs low.
        sender.hasMore = true;
        continue;
      }
      sender.claimRequested();
      ofAccounts.set(sender.accountId, ofAccount + 1);
      reserved += engineLimits.claimReservedBytes;
      const bytesMax = engineLimits.claimBytesMax;
      requests.push({ sender, want: { subscriptionId: id, deliveriesMax, bytesMax, fromLog: sender.wantsFromLog } });
    }
    return requests;
  }

  /** Returns null if nothing is sent for this subscription at present. */
  async #openSender(id: SubscriptionId): Promise<SubscriptionSender | null> {
    const subscription = await this.#read(id);
    if (subscription === null || subscription.state !== "active" || this.#stopped) return null;
    if (subscription.settings.push === null) return null;
    if (awaitsVerification(subscription.settings)) {
      this.#unverified.add(id);
      this.#context.unverified(subscription);
      return null;
    }
    this.#breakers.learn(subscription);
    const { order } = subscription.settings;
    for (const before of this.#draining.get(id) ?? []) if (order !== "none" || before.order !== "none") return null;
    let sender: SubscriptionSender;
    try {
      sender = this.#newSender(subscription);
    } catch (error) {
      // An invalid subscription must not stop the deliveries of the others.
      this.#failed(error);
      return null;
    }
    this.#senders.set(id, sender);
    return sender;
  }

  /** Reads again if a change notice arrived during the read, so that outdated settings are never used. */
  async #read(id: SubscriptionId): Promise<Subscription | null> {
    for (;;) {
      const changes = this.#changes;
      const subscription = await this.#store.catalog.getSubscriptionById(id);
      if (changes === this.#changes) return subscription;
    }
  }

  #newSender(subscription: Subscription): SubscriptionSender {
    const sender: SubscriptionSender = new SubscriptionSender(subscription, {
      ...this.#context,
      breakers: this.#breakers,
      maySend: () => this.#leases.areConfirmed(),
      wantsClaim: (wanting) => this.#wantsClaim(wanting),
      claimEnded: (claimId) => {
        this.#openClaims.delete(claimId);
        if (!sender.isDraining) this.#drained(sender);
        // The finished deliveries have freed bytes that other subscriptions may wait for.
        if (this.#ready.size > 0) this.#schedule();
      },
    });
    return sender;
  }

  /** See `Breakers.openCounts`. */
  openBreakers(): ReturnType<Breakers["openCounts"]> {
    return this.#breakers.openCounts();
  }

  #changed(id: SubscriptionId): void {
    this.#changes++;
    if (this.#senders.has(id) || this.#breakers.isKnown(id)) this.#applyChange(id).catch(this.#failed);
    else if (this.#unverified.delete(id)) this.#wakeUp([id]);
  }

  async #applyChange(id: SubscriptionId): Promise<void> {
    const subscription = await this.#read(id);
    if (subscription?.state === "active" && subscription.settings.push !== null) this.#breakers.learn(subscription);
    else this.#breakers.forget(id);
    const sender = this.#senders.get(id);
    if (sender === undefined) return;
    const isActive =
      subscription !== null && subscription.state === "active" && !awaitsVerification(subscription.settings);
    if (isActive && subscription.settings.order === sender.order) return sender.change(subscription);
    // Another order needs a new sender, because POSTs in flight were started under the old order.
    this.#senders.delete(id);
    sender.stop();
    if (sender.isDraining) {
      const draining = this.#draining.get(id);
      if (draining === undefined) this.#draining.set(id, new Set([sender]));
      else draining.add(sender);
    }
    if (subscription?.state === "active") this.#wakeUp([id]);
  }

  #drained(sender: SubscriptionSender): void {
    const draining = this.#draining.get(sender.id);
    if (draining?.delete(sender) !== true) return;
    if (draining.size === 0) this.#draining.delete(sender.id);
    this.#wakeUp([sender.id]);
  }

  async #findWork(): Promise<readonly SubscriptionId[]> {
    const { subscriptionIds } = await this.#store.log.findReady();
    this.#wakeUp(subscriptionIds);
    return subscriptionIds;
  }

  async #renewLeases(): Promise<void> {
    const ids = [...this.#openClaims.keys()];
    if (ids.length === 0) return;
    const held = new Set(await this.#store.log.renew(ids, engineLimits.claimLeaseMs));
    for (const id of ids) {
      if (held.has(id)) continue;
      this.#openClaims.get(id)?.dropClaim(id);
      this.#openClaims.delete(id);
    }
  }

  #dropIdleSenders(): void {
    const now = this.#context.clock.now();
    for (const sender of this.#senders.values()) this.#dropIfIdle(sender, now);
  }

  #dropIfIdle(sender: SubscriptionSender, nowMs: TimeMs): void {
    if (sender.isIdle(nowMs) && this.#senders.get(sender.id) === sender) this.#senders.delete(sender.id);
  }
}
