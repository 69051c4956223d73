import { setTimeout as pause } from "node:timers/promises";
import { RingbackApiError, RingbackConnectionError } from "@ringback/sdk/client";
import type { PublishedView } from "../api.ts";
import { planMessage } from "../chaos/plan.ts";
import type { PlannedMessage, TopicName } from "../chaos/plan.ts";
import type { Accepted } from "../chaos/publishers.ts";
import type { Chance } from "../random.ts";
import type { Server } from "../server.ts";

/** Servers on one database. */
export interface Nodes {
  readonly count: number;
  /** Returns the server of the node; null while the node is down. */
  server(node: number): Server | null;
}

interface Request {
  readonly topic: TopicName;
  readonly messages: readonly PlannedMessage[];
  readonly key: string | null;
}

/**
 * Only a few messages go to the topic `ordered`. A strictly ordered subscription delivers one message at a time, and
 * its backlog must be empty at the end of the run.
 */
const topics = ["tagged", "tagged", "tagged", "routed", "routed", "ordered"] as const satisfies TopicName[];
const answerMsMax = 1_500;
/** A node that did not answer gets no requests for this long. A load balancer does the same. */
const avoidedMs = 1_000;

/**
 * Programs that publish to any node that answers. Until the answer is 201, the request is sent again to any node: after
 * a 503, after a broken connection, and when no answer comes. A request without an idempotency key can be accepted
 * several times in this way.
 */
export class ClusterPublishers {
  readonly accepted: Accepted[] = [];
  /** Bodies of all requests without an idempotency key, answered or not. */
  readonly withoutKey = new Set<string>();
  /** Answers that no client should get, even if a node or the database fails. */
  readonly unexpected: string[] = [];
  /** True: no request is sent again, for a run that has failed. */
  isOver = false;
  refused = 0;
  unanswered = 0;
  readonly #chance: Chance;
  readonly #nodes: Nodes;
  readonly #avoidedUntilMs = new Map<number, number>();
  #count = 0;

  constructor(chance: Chance, nodes: Nodes) {
    this.#chance = chance;
    this.#nodes = nodes;
  }

  /** Publishes until `stop` is aborted, and then until every request is answered. */
  async run(publishers: number, stop: AbortSignal): Promise<void> {
    await Promise.all(Array.from({ length: publishers }, () => this.#publish(stop)));
  }

  async #publish(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#publishNext();
      await pause(this.#chance.whole(10, 50));
    }
  }

  async #publishNext(): Promise<void> {
    const chance = this.#chance;
    const topic = chance.pick(topics);
    const size = topic !== "ordered" && chance.next() < 0.25 ? chance.whole(2, 12) : 1;
    const number = ++this.#count;
    const messages = Array.from({ length: size }, (_, index) => planMessage(topic, `${number}.${index}`, chance));
    const key = chance.next() < 0.8 ? `request-${number}` : null;
    if (key === null) for (const { body } of messages) this.withoutKey.add(body);
    for (let sent = 1; !this.isOver; sent++) {
      const published = await this.#send({ topic, messages, key });
      if (published === "again") {
        await pause(chance.whole(20, 100));
        continue;
      }
      for (const [index, message] of messages.entries()) {
        const { id } = published[index] as PublishedView;
        this.accepted.push({ id, topic, message, sentAgain: sent > 1 });
      }
      return;
    }
  }

  async #send({ topic, messages, key }: Request): Promise<readonly PublishedView[] | "again"> {
    const now = performance.now();
    const node = this.#chance.whole(0, this.#nodes.count - 1);
    const server = this.#nodes.server(node);
    if (server === null || (this.#avoidedUntilMs.get(node) ?? 0) > now) return "again";
    const [only] = messages.length === 1 ? messages : [];
    const { client } = server.api;
    const options = { signal: AbortSignal.timeout(answerMsMax), ...(key !== null && { idempotencyKey: key }) };
    try {
      if (only !== undefined) return [await client.publish(topic, only, options)];
      return await client.publishBatch(topic, messages, options);
    } catch (error) {
      if (isUnanswered(error)) {
        this.unanswered++;
        this.#avoidedUntilMs.set(node, now + avoidedMs);
      } else if (error instanceof RingbackApiError && error.status === 503) this.refused++;
      else this.unexpected.push(String(error));
      return "again";
    }
  }
}

/** Returns false for an answer that came whole. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof RingbackConnectionError) return !(error.cause instanceof SyntaxError);
  return error instanceof DOMException && error.name === "TimeoutError";
}
