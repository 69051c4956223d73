import { onTestFinished } from "vitest";
import { messageId } from "../../domain/message-id.ts";
import type {
  Attempt,
  AttemptVerdict,
  MessageId,
  NewMessage,
  Seq,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  Topic,
  TopicSettings,
} from "../../domain/model.ts";
import type { AppendResult, Claim, ClaimedDelivery, ClaimWant, Settled, Settlement } from "../log.ts";
import type { DeliveryRecord } from "../records.ts";
import type { Store } from "../store.ts";
import type { StoreUnderTest } from "./harness.ts";

export const HOUR_MS = 3_600_000;
export const LEASE_MS = 60_000;

export function message(text: string, fields: Partial<NewMessage> = {}): NewMessage {
  return {
    body: Buffer.from(text),
    contentType: null,
    tags: [],
    type: null,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
    ...fields,
  };
}

/** A message whose ordering key is the first letter of its text. */
export function keyed(text: string, delayMs = 0): NewMessage {
  return message(text, { orderingKey: text.slice(0, 1), delayMs });
}

export function textOf({ body }: { readonly body: Uint8Array }): string {
  return Buffer.from(body).toString("utf8");
}

export function textsOf(claim: Claim): readonly string[] {
  return claim.deliveries.map((delivery) => textOf(delivery.message));
}

export function topicSettings(fields: Partial<TopicSettings> = {}): TopicSettings {
  return { retentionMs: 7 * 24 * HOUR_MS, bodyBytesMax: 1024 * 1024, ...fields };
}

export function settings(fields: Partial<SubscriptionSettings> = {}): SubscriptionSettings {
  return {
    push: {
      url: "http://127.0.0.1:9/",
      protocol: "raw",
      headers: {},
      connection: "keep-alive",
      timeoutMs: 15_000,
      keys: [],
    },
    filter: { tags: [], types: [] },
    retry: "EXPONENTIAL_DECAY_RETRY",
    order: "none",
    maxInFlight: 64,
    breaker: null,
    disableAfterMs: null,
    ...fields,
  };
}

export function attempt(number: number, verdict: AttemptVerdict, fields: Partial<Attempt> = {}): Attempt {
  return {
    attempt: number,
    startedAtMs: 1_700_000_000_000,
    durationMs: 7,
    verdict,
    status: verdict === "accepted" ? 200 : 500,
    errorCode: verdict === "accepted" ? null : "http_status",
    errorDetail: verdict === "accepted" ? null : "the receiver replied 500",
    reply: Buffer.from(verdict),
    ...fields,
  };
}

let topicCount = 0;

/** A topic for one test, so that tests can share a store. */
export class Scene {
  readonly under: StoreUnderTest;
  topic: Topic;

  constructor(under: StoreUnderTest, topic: Topic) {
    this.under = under;
    this.topic = topic;
  }

  static async make(under: StoreUnderTest, fields: Partial<TopicSettings> = {}): Promise<Scene> {
    const { store } = under;
    const { topic } = await store.catalog.putTopic(
      store.catalog.defaultAccount().id,
      `topic-${++topicCount}`,
      topicSettings(fields),
    );
    return new Scene(under, topic);
  }

  get store(): Store {
    return this.under.store;
  }

  get now(): number {
    return this.under.clock.now();
  }

  publish(...messages: readonly (string | NewMessage)[]): Promise<AppendResult> {
    return this.store.log.append({
      topicId: this.topic.id,
      messages: messages.map((each) => (typeof each === "string" ? message(each) : each)),
      idempotency: null,
    });
  }

  async subscribe(
    name: string,
    fields: Partial<SubscriptionSettings> = {},
    start: Start = "now",
  ): Promise<Subscription> {
    return (await this.store.catalog.putSubscription(this.topic.id, name, settings(fields), start)).subscription;
  }

  async claim(
    { id }: { readonly id: SubscriptionId },
    want: Partial<ClaimWant> = {},
    leaseMs = LEASE_MS,
  ): Promise<Claim> {
    const full = { subscriptionId: id, deliveriesMax: 100, bytesMax: 10_000_000, fromLog: true, ...want };
    const claims = await this.store.log.claim([full], leaseMs);
    return claims[0] as Claim;
  }

  /**
   * Claims until `count` deliveries have been returned. Several claims may be needed, because deliveries may become
   * ready a little later.
   */
  async claimUntil(subscription: { readonly id: SubscriptionId }, count: number): Promise<readonly Claim[]> {
    const claims: Claim[] = [];
    let found = 0;
    await eventually(async () => {
      const claim = await this.claim(subscription, { deliveriesMax: count - found });
      if (claim.deliveries.length > 0) claims.push(claim);
      found += claim.deliveries.length;
      return found >= count;
    });
    return claims;
  }

  settle(claim: Claim, how: Settled | readonly Settled[], verdicts = true): Promise<number> {
    return this.store.log.settle(
      claim.deliveries.map((delivery, index) => {
        const settled = Array.isArray(how) ? (how[index] as Settled) : (how as Settled);
        return settlement(claim, delivery, settled, verdicts);
      }),
    );
  }

  /** Claims all ready deliveries and settles them in the same way. */
  async settleNext(subscription: Subscription, settled: Settled, want: Partial<ClaimWant> = {}): Promise<Claim> {
    const claim = await this.claim(subscription, want);
    await this.settle(claim, settled);
    return claim;
  }

  idOf(seq: Seq): MessageId {
    return messageId(this.topic.id, seq);
  }

  async deliveryOf(seq: Seq, subscription: { readonly name: string }): Promise<DeliveryRecord | undefined> {
    const record = await this.store.records.getMessage(this.topic.accountId, this.idOf(seq));
    return record?.deliveries.find((delivery) => delivery.subscription === subscription.name);
  }
}

export const delivered: Settled = { kind: "delivered" };
export const held: Settled = { kind: "held" };
export const released: Settled = { kind: "released" };
export const dead: Settled = { kind: "dead", reason: "retries_exhausted" };
export const parkedUntil = (dueAtMs: number, retriesMade = 1): Settled => ({ kind: "parked", dueAtMs, retriesMade });

/** The outcome that a pull records: the delivery is parked until its visibility timeout ends, without an attempt. */
export const invisibleUntil = (dueAtMs: number, retriesMade: number, firstAttemptAtMs: number): Settled => ({
  kind: "parked",
  dueAtMs,
  retriesMade,
  firstAttemptAtMs,
});

export function settlement(claim: Claim, delivery: ClaimedDelivery, settled: Settled, verdicts = true): Settlement {
  const wasTried = verdicts && settled.kind !== "held" && settled.kind !== "released";
  const verdict = settled.kind === "delivered" ? "accepted" : "failed";
  return {
    claimId: claim.id,
    subscriptionId: claim.subscriptionId,
    delivery,
    attempt: wasTried ? attempt(delivery.attemptsMade + 1, verdict) : null,
    settled,
  };
}

/** Lets the event loop run once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Polls until the condition is true. There is no separate timeout, because the duration depends on the machine. Only
 * the timeout of the test applies.
 */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  if (await condition()) return;
  let isTestOver = false;
  onTestFinished(() => void (isTestOver = true));
  do {
    if (isTestOver) throw new Error("The test has ended before the condition held.");
    await new Promise((resolve) => setTimeout(resolve, 1));
  } while (!(await condition()));
}
