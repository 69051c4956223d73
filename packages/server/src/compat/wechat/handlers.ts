import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, Subscription, Topic } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import type { Store } from "../../store/store.ts";
import type { EndpointVerifier } from "../../engine/push/endpoint-verifier.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import { Mutex } from "../../domain/mutex.ts";
import { subscriptionShape, recordedSubscriptionView } from "../../shapes/subscription.ts";
import { topicShape, topicView } from "../../shapes/topic.ts";
import { everyPage } from "../../store/every-page.ts";
import { wechatLimits } from "./wechat-limits.ts";

export interface HandlerDependencies {
  readonly accountId: AccountId;
  readonly store: Store;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Name of the topic whose messages the handlers receive. The topic is created together with the first handler. */
  readonly topic: string;
  readonly endpointRule: EndpointRule;
  readonly verifier: EndpointVerifier;
}

export interface Handler {
  readonly cookie: string;
  readonly url: string;
}

/** 128 bits, because anyone who knows a cookie may remove its handler. */
const COOKIE_BYTES = 16;
const prefix = "wechat-";
const nameForm = new RegExp(`^${prefix}([0-9a-f]{${COOKIE_BYTES * 2}})$`);

/**
 * A handler is a subscription to the topic `topic`. The name of the subscription contains the handler's cookie. No
 * other state is stored, so a handler can be changed or deleted through the native API too.
 */
export class Handlers {
  readonly #given: HandlerDependencies;
  /** Handlers are added one at a time, so that their number stays within the limit. */
  readonly #mutex = new Mutex(wechatLimits.pendingMax);

  constructor(given: HandlerDependencies) {
    this.#given = given;
  }

  /** Returns the handler's cookie. The handler receives messages published from now on. Throws `subscription_limit`. */
  add(url: string): Promise<string> {
    return this.#mutex.run(async () => {
      const { store, randomBytes, endpointRule, verifier } = this.#given;
      const topic = await this.#ensureTopic();
      if ((await this.list()).length >= wechatLimits.handlersMax) {
        throw new RingbackError("subscription_limit", `At most ${wechatLimits.handlersMax} handlers are allowed.`);
      }
      const cookie = Buffer.from(randomBytes(COOKIE_BYTES)).toString("hex");
      const { settings } = subscriptionShape.read({ push: { url, protocol: "wechat", connection: connectionTo(url) } });
      endpointRule("url", url);
      const stored = verifier.prepare(settings, null);
      const { subscription } = await store.catalog.putSubscription(topic.id, prefix + cookie, stored, "now");
      verifier.request(subscription);
      this.#emit("subscription.changed", cookie);
      return cookie;
    });
  }

  /** Returns false if no handler has this cookie. */
  async remove(cookie: string): Promise<boolean> {
    const topic = await this.#topic();
    const name = prefix + cookie;
    if (topic === null || !nameForm.test(name)) return false;
    const removed = await this.#given.store.catalog.deleteSubscription(topic.id, name);
    if (removed) this.#emit("subscription.deleted", cookie);
    return removed;
  }

  /** The path of the handler's subscription in the native API. */
  pathOf(cookie: string): string {
    return `topics/${this.#given.topic}/subscriptions/${prefix}${cookie}`;
  }

  /** Returns the topic as the native API shows it; null: it does not exist. */
  async topicView(): Promise<object | null> {
    const topic = await this.#topic();
    return topic && topicView(topic);
  }

  /** Returns the handler's subscription as the native API shows it; null: there is none. */
  async view(cookie: string): Promise<object | null> {
    const topic = nameForm.test(prefix + cookie) ? await this.#topic() : null;
    const found = topic && (await this.#given.store.catalog.getSubscription(topic.id, prefix + cookie));
    return found && recordedSubscriptionView(found);
  }

  async list(): Promise<readonly Handler[]> {
    const topic = await this.#topic();
    if (topic === null) return [];
    const { catalog } = this.#given.store;
    const handlers: Handler[] = [];
    for await (const items of everyPage((page) => catalog.listSubscriptions(topic.id, page))) {
      handlers.push(...items.flatMap(handlerOf));
    }
    return handlers;
  }

  #topic(): Promise<Topic | null> {
    const { accountId, store, topic } = this.#given;
    return store.catalog.getTopic(accountId, topic);
  }

  async #ensureTopic(): Promise<Topic> {
    const existing = await this.#topic();
    if (existing !== null) return existing;
    const { accountId, store, events, clock, topic: name } = this.#given;
    const { topic } = await store.catalog.putTopic(accountId, name, topicShape.read({}));
    events.emit({ type: "topic.changed", accountId, at: clock.wall(), topic: name });
    return topic;
  }

  #emit(type: "subscription.changed" | "subscription.deleted", cookie: string): void {
    const { accountId, events, clock, topic } = this.#given;
    events.emit({ type, accountId, at: clock.wall(), topic, subscription: prefix + cookie });
  }
}

function handlerOf({ name, settings }: Subscription): Handler[] {
  const cookie = nameForm.exec(name)?.[1];
  return cookie === undefined || settings.push === null ? [] : [{ cookie, url: settings.push.url }];
}

/** The original API opens a new connection for each message over HTTP, and keeps WebSocket connections. */
function connectionTo(url: string): "keep-alive" | "close" {
  return /^wss?:/i.test(url) ? "keep-alive" : "close";
}
