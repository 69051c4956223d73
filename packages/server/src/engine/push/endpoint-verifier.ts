import {
  afterVerification,
  awaitsVerification,
  verificationOf,
  type VerificationOutcome,
  withVerification,
} from "../../domain/endpoint-verification.ts";
import { KeyedMutex } from "../../domain/keyed-mutex.ts";
import { limits } from "../../domain/limits.ts";
import type { EndpointVerification, Subscription, SubscriptionId, SubscriptionSettings } from "../../domain/model.ts";
import { untilWritten } from "../../domain/write-condition.ts";
import { connectionsKeyOf, parseEndpoint } from "../../transport/endpoint.ts";
import type { PostResult } from "../../transport/port.ts";
import { type EndpointSecretReader, subscriptionOwner } from "../keys/endpoint-secrets.ts";
import { type AccessContext, postWithAccess } from "../keys/post-with-access.ts";
import type { EngineServices } from "../services.ts";
import { handshakeLimits, judgeResult, verificationRequest } from "./verification-request.ts";

export interface VerifierOptions extends AccessContext, Pick<EngineServices, "store" | "events" | "failed"> {
  readonly endpointSecrets: EndpointSecretReader;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** The server's name, which CloudEvents endpoints see as the origin of the events. */
  readonly publicName: string;
  /** True: every new URL must be verified. */
  readonly isRequired: boolean;
}

/**
 * Verifies endpoints before they get messages. The state is stored in the settings of the subscription, so every node
 * sees it. A node verifies endpoints for which it got a request or has messages. Two nodes may do so at the same time:
 * each result is written only if the endpoint is still the same.
 */
export class EndpointVerifier {
  readonly #options: VerifierOptions;
  readonly #running = new Map<SubscriptionId, Promise<void>>();
  /** Functions that end the wait for the next attempt. */
  readonly #wakeUps = new Map<SubscriptionId, () => void>();
  /** The key is the account with a number below `perAccountMax`. */
  readonly #handshakes = new KeyedMutex();
  #stopped = false;

  constructor(options: VerifierOptions) {
    this.#options = options;
    options.store.catalog.onSubscriptionChange((id) => this.#wakeUps.get(id)?.());
  }

  /** Returns the settings to store. `before`: the stored settings. Throws `invalid_request`. */
  prepare(settings: SubscriptionSettings, before: SubscriptionSettings | null): SubscriptionSettings {
    return withVerification(settings, before, this.#options.isRequired);
  }

  /** Verifies the endpoint in the background, if that is needed, and repeats failed attempts with growing pauses. */
  request({ id, settings }: Pick<Subscription, "id" | "settings">): void {
    if (this.#stopped || this.#running.has(id) || !awaitsVerification(settings)) return;
    const work = this.#verify(id)
      .catch((error: unknown) => this.#options.failed(error))
      .finally(() => this.#running.delete(id));
    this.#running.set(id, work);
  }

  /** Makes one attempt now, also after the verification has failed for good. A verified endpoint stays verified. */
  async verifyNow({ id }: Subscription): Promise<void> {
    const subscription = await this.#attempt(id, true);
    if (subscription !== null) this.request(subscription);
  }

  /** Call before the transport is closed. */
  stop(): void {
    this.#stopped = true;
    for (const wakeUp of this.#wakeUps.values()) wakeUp();
  }

  /** Call after the transport was closed. Resolves when nothing is running. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #verify(id: SubscriptionId): Promise<void> {
    for (;;) {
      const verification = this.#pendingOf(await this.#options.store.catalog.getSubscriptionById(id));
      if (verification === null || this.#stopped) return;
      const waitMs = verification.nextAttemptAtMs - this.#options.clock.wall();
      if (waitMs > 0) await this.#wait(id, Math.min(waitMs, limits.verifyPauseMsMax));
      else if ((await this.#attempt(id, false)) === null) return;
    }
  }

  #pendingOf(subscription: Subscription | null): EndpointVerification | null {
    const verification = subscription && verificationOf(subscription.settings);
    return verification?.state === "pending" ? verification : null;
  }

  #wait(id: SubscriptionId, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        cancelTimer();
        this.#wakeUps.delete(id);
        resolve();
      };
      const cancelTimer = this.#options.timers.after(waitMs, done);
      this.#wakeUps.set(id, done);
    });
  }

  /** Returns the subscription after the attempt; null if there was no attempt, or if it was aborted. */
  async #attempt(id: SubscriptionId, isNew: boolean): Promise<Subscription | null> {
    const { catalog } = this.#options.store;
    const subscription = await catalog.getSubscriptionById(id);
    const known = subscription && verificationOf(subscription.settings);
    if (subscription === null || known === null || known.state === "verified") return null;
    const { method, target } = known;
    const turn = `${subscription.accountId} ${id % handshakeLimits.perAccountMax}`;
    const outcome = await this.#handshakes.run(turn, () => this.#handshake(subscription, method));
    if (outcome === null) return null;
    const written = await untilWritten(async () => {
      const current = await catalog.getSubscriptionById(id);
      const latest = current && verificationOf(current.settings);
      // The endpoint may have changed, or another node may have verified it.
      if (current === null || latest === null || latest.method !== method || latest.target !== target) return current;
      if (latest.state === "verified") return current;
      const { firstAttemptAtMs: _, ...pending } = latest;
      const before = isNew ? { ...pending, state: "pending" as const, attempts: 0 } : latest;
      const verification = afterVerification(before, outcome, this.#options.clock.wall());
      const settings = { ...current.settings, verification };
      return (await catalog.putSubscription(current.topicId, current.name, settings, "now", current)).subscription;
    });
    if (written !== null) this.#emit(written);
    return written;
  }

  /** Returns null if the server aborted the request because it stops. */
  async #handshake(
    subscription: Subscription,
    method: EndpointVerification["method"],
  ): Promise<VerificationOutcome | null> {
    const { endpointSecrets, randomBytes, publicName } = this.#options;
    const { accountId, settings } = subscription;
    const { push } = settings;
    if (push === null || this.#stopped) return null;
    const access = await endpointSecrets.open(subscriptionOwner(subscription), push);
    if (access === null) return { error: "no configured master key decrypts a secret of the endpoint" };
    const challenge = Buffer.from(randomBytes(handshakeLimits.challengeBytes)).toString("base64url");
    const request = verificationRequest(method, { origin: publicName, challenge });
    const parsed = parseEndpoint(push);
    const endpoint = {
      ...parsed,
      accountId,
      method: request.method,
      connection: "close",
      connectionsKey: connectionsKeyOf(parsed, accountId),
      timeoutMs: Math.min(push.timeoutMs, handshakeLimits.timeoutMsMax),
      wholeReplyBytesMax: handshakeLimits.replyBytesMax,
    } as const;
    const headers = [...request.headers, ...access.headers];
    const { body } = request;
    const result = await new Promise<PostResult>((resolve) =>
      postWithAccess(this.#options, { account: accountId, access, endpoint, headers, body }, resolve),
    );
    return result.error === "aborted" ? null : judgeResult(request, result);
  }

  #emit({ accountId, topic, name: subscription }: Subscription): void {
    const { events, clock } = this.#options;
    if (events.wants("subscription.changed")) {
      events.emit({ type: "subscription.changed", accountId, at: clock.wall(), topic, subscription });
    }
  }
}
