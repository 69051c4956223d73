import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription, Topic } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { normaliseSubscription } from "../../domain/subscription-rules.ts";
import type { EventBus } from "../../engine/event-bus.ts";
import type { Page } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import { Mutex } from "../../domain/mutex.ts";

export interface HandlerDependencies {
  readonly store: Store;
  readonly events: EventBus;
  readonly clock: Clock;
  /** Unguessable, from the operating system. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Name of the account's message topic; made with the first handler. */
  readonly topic: string;
}

export interface Handler {
  readonly cookie: string;
  readonly url: string;
}

/** 128 bits: whoever knows a cookie may remove its handler. */
const COOKIE_BYTES = 16;
const prefix = "wechat-";
const nameForm = new RegExp(`^${prefix}([0-9a-f]{${COOKIE_BYTES * 2}})$`);

/**
 * Handlers are subscriptions of the message topic, named after their cookies, and nothing beside that: what the native
 * API changes or removes is changed and removed here as well.
 */
export class Handlers {
  readonly #given: HandlerDependencies;
  /** One change at a time, so that the bound on their number holds. */
  readonly #mutex = new Mutex(limits.wechatWaitingMax);

  constructor(given: HandlerDependencies) {
    this.#given = given;
  }

  /** From the next message on. Gives its cookie. Throws `subscription_limit`, and what the store throws. */
  add(url: string): Promise<string> {
    return this.#mutex.run(async () => {
      const { store, randomBytes } = this.#given;
      const topic = await this.#topicMade();
      if ((await this.list()).length >= limits.wechatHandlersMax) {
        throw new RingbackError("subscription_limit", `There are ${limits.wechatHandlersMax} handlers already.`);
      }
      const cookie = Buffer.from(randomBytes(COOKIE_BYTES)).toString("hex");
      const settings = normaliseSubscription({ push: { url, protocol: "wechat", connection: connectionTo(url) } });
      await store.catalog.putSubscription(topic.id, prefix + cookie, settings, "now");
      this.#tell("subscription.changed", cookie);
      return cookie;
    });
  }

  /** False when no handler has this cookie. */
  async remove(cookie: string): Promise<boolean> {
    const topic = await this.#topic();
    const name = prefix + cookie;
    if (topic === null || !nameForm.test(name)) return false;
    const removed = await this.#given.store.catalog.deleteSubscription(topic.id, name);
    if (removed) this.#tell("subscription.deleted", cookie);
    return removed;
  }

  async list(): Promise<readonly Handler[]> {
    const topic = await this.#topic();
    if (topic === null) return [];
    const handlers: Handler[] = [];
    let after: string | null = null;
    do {
      const page: Page<Subscription> = await this.#given.store.catalog.listSubscriptions(topic.id, {
        after,
        limit: limits.pageItemsMax,
      });
      handlers.push(...page.items.flatMap(handlerOf));
      after = page.next;
    } while (after !== null);
    return handlers;
  }

  #topic(): Promise<Topic | null> {
    const { store, topic } = this.#given;
    return store.catalog.getTopic(store.catalog.defaultAccount().id, topic);
  }

  async #topicMade(): Promise<Topic> {
    const found = await this.#topic();
    if (found !== null) return found;
    const { store, events, clock, topic: name } = this.#given;
    const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, name, {});
    events.emit({ type: "topic.changed", at: clock.now(), topic: name });
    return topic;
  }

  #tell(type: "subscription.changed" | "subscription.deleted", cookie: string): void {
    const { events, clock, topic } = this.#given;
    events.emit({ type, at: clock.now(), topic, subscription: prefix + cookie });
  }
}

function handlerOf({ name, settings }: Subscription): Handler[] {
  const cookie = nameForm.exec(name)?.[1];
  return cookie === undefined || settings.push === null ? [] : [{ cookie, url: settings.push.url }];
}

/** The document promises a short connection for each message over HTTP; a WebSocket is kept in any case. */
function connectionTo(url: string): "keep-alive" | "close" {
  return /^wss?:/i.test(url) ? "keep-alive" : "close";
}
