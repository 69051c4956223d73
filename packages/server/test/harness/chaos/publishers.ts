import { setTimeout as pause } from "node:timers/promises";
import { RingbackConnectionError } from "@ringback/sdk/client";
import type { Api, PublishedView } from "../api.ts";
import type { Chance } from "../random.ts";
import { planMessage, topicNames } from "./plan.ts";
import type { PlannedMessage, TopicName } from "./plan.ts";

export interface Accepted {
  readonly id: string;
  readonly topic: TopicName;
  readonly message: PlannedMessage;
  /** Whether the request was repeated with its idempotency key, because a kill had cut off the first answer. */
  readonly sentAgain: boolean;
}

interface Request {
  readonly topic: TopicName;
  readonly messages: readonly PlannedMessage[];
  readonly key: string | null;
  sent: number;
}

/**
 * Programs that publish at the same time, single messages and batches. A kill can cut off the answer to an accepted
 * request. A request with an idempotency key is repeated until it is answered. A request without a key is not repeated.
 */
export class Publishers {
  readonly accepted: Accepted[] = [];
  /** Bodies of all requests that were sent, answered or not. */
  readonly attempted = new Set<string>();
  unanswered = 0;
  readonly #chance: Chance;
  readonly #again: Request[] = [];
  #count = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Publishes until the server ends or `stop` is aborted. */
  async run(api: Api, publishers: number, stop: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: publishers }, () => this.#publishUntilGone(api, stop)));
  }

  /** Repeats the requests whose answers were cut off by a kill. */
  async settle(api: Api): Promise<void> {
    for (let request = this.#again.pop(); request !== undefined; request = this.#again.pop()) {
      await this.#send(api, request);
    }
  }

  async #publishUntilGone(api: Api, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (!(await this.#send(api, this.#again.pop() ?? this.#next()))) return;
      await pause(this.#chance.whole(5, 30));
    }
  }

  #next(): Request {
    const chance = this.#chance;
    const topic = chance.pick(topicNames);
    const size = chance.next() < 0.25 ? chance.whole(2, 12) : 1;
    const number = ++this.#count;
    const messages = Array.from({ length: size }, (_, index) => planMessage(topic, `${number}.${index}`, chance));
    return { topic, messages, key: chance.next() < 0.5 ? `request-${number}` : null, sent: 0 };
  }

  /** Returns false when no answer came. */
  async #send(api: Api, request: Request): Promise<boolean> {
    const { topic, messages, key } = request;
    request.sent++;
    for (const { body } of messages) this.attempted.add(body);
    let published: readonly PublishedView[];
    try {
      published = await publish(api, request);
    } catch (error) {
      if (!(error instanceof RingbackConnectionError)) throw error;
      this.unanswered++;
      if (key !== null) this.#again.push(request);
      return false;
    }
    messages.forEach((message, index) => {
      const id = published[index]?.id;
      if (id === undefined) throw new Error("an answer lacks a message");
      this.accepted.push({ id, topic, message, sentAgain: request.sent > 1 });
    });
    return true;
  }
}

async function publish({ client }: Api, { topic, messages, key }: Request): Promise<readonly PublishedView[]> {
  const options = key === null ? {} : { idempotencyKey: key };
  const [only] = messages;
  if (messages.length === 1 && only !== undefined) return [await client.publish(topic, only, options)];
  return client.publishBatch(topic, messages, options);
}
