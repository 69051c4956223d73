import { setTimeout as pause } from "node:timers/promises";
import type { PulledMessage } from "@ringback/sdk/client";
import type { Disturbances } from "../cluster-chaos/disturbances.ts";
import type { Chance } from "../random.ts";
import { visibilityMs } from "./plan.ts";
import type { Requests, TimedAnswer } from "./requests.ts";

const path = "/v1/topics/{topic}/subscriptions/{subscription}";
const params = { path: { topic: "routed", subscription: "pulled" } };

interface Received {
  readonly beganMs: number;
  readonly endedMs: number;
}

/** Receivers that pull messages. They acknowledge most of them, return some, and forget some. */
export class Puller {
  readonly faults: string[] = [];
  /** Ids of messages whose acknowledgement was sent. */
  readonly acknowledging = new Set<string>();
  /** By message id, the time when the acknowledgement was answered with success. */
  readonly acknowledgedAtMs = new Map<string, number>();
  received = 0;
  forgotten = 0;
  readonly #requests: Requests;
  readonly #chance: Chance;
  readonly #disturbances: Disturbances;
  /** The messages that are invisible, unless their visibility timeout has ended. */
  readonly #invisible = new Map<string, Received>();

  constructor(requests: Requests, chance: Chance, disturbances: Disturbances) {
    this.#requests = requests;
    this.#chance = chance;
    this.#disturbances = disturbances;
  }

  async run(receivers: number, stop: AbortSignal): Promise<void> {
    const receive = async (): Promise<void> => {
      while (!stop.aborted) {
        await this.#pull();
        await pause(this.#chance.whole(10, 100));
      }
    };
    await Promise.all(Array.from({ length: receivers }, receive));
  }

  async #pull(): Promise<void> {
    const waitMs = this.#chance.pick([0, 500]);
    const body = { messagesMax: this.#chance.whole(1, 20), waitMs };
    const answer = await this.#requests.send((client, signal) => client.post(`${path}/pull`, { params, body, signal }));
    if (answer === null) return;
    if (answer.json === null) return void this.faults.push("a pull was answered 404");
    const { messages } = answer.json;
    for (const message of messages) this.#judge(message, answer);
    for (const { id } of messages) this.#invisible.set(id, answer);
    this.received += messages.length;
    const fates = messages.map((message) => ({ message, fate: this.#chance.next() }));
    const acknowledged = fates.filter(({ fate }) => fate < 0.8).map(({ message }) => message);
    const returned = fates.filter(({ fate }) => fate >= 0.9).map(({ message }) => message);
    this.forgotten += fates.length - acknowledged.length - returned.length;
    await this.#acknowledge(acknowledged);
    for (const { id } of returned) this.#invisible.delete(id);
    if (returned.length === 0) return;
    const nack = { params, body: { receiptHandles: handles(returned) } };
    await this.#requests.send((client, signal) => client.post(`${path}/nack`, { ...nack, signal }));
  }

  async #acknowledge(messages: readonly PulledMessage[]): Promise<void> {
    if (messages.length === 0) return;
    for (const { id } of messages) this.acknowledging.add(id);
    const ack = { params, body: { receiptHandles: handles(messages) } };
    const answer = await this.#requests.send((client, signal) => client.post(`${path}/ack`, { ...ack, signal }));
    if (answer === null) return;
    for (const [index, { id }] of messages.entries()) {
      const { result } = answer.json?.results[index] ?? {};
      if (result === "done") this.acknowledgedAtMs.set(id, answer.endedMs);
      else if (result !== "ended") this.faults.push(`the acknowledgement of ${id} was answered ${result}`);
    }
  }

  #judge({ id }: PulledMessage, { beganMs, endedMs }: TimedAnswer<unknown>): void {
    const doneMs = this.acknowledgedAtMs.get(id) ?? Infinity;
    if (beganMs > doneMs) this.faults.push(`${id} was received after its acknowledgement at ${doneMs}`);
    const before = this.#invisible.get(id);
    if (before === undefined) return;
    // A clock that is set ahead while its server is down cannot be told from a long stop.
    const wasDown = this.#disturbances.list.some(
      ({ kind, fromMs, toMs }) => kind === "kill" && toMs >= before.beganMs && fromMs <= endedMs,
    );
    if (wasDown || beganMs <= before.endedMs || endedMs >= before.beganMs + visibilityMs) return;
    this.faults.push(`${id} was received ${endedMs - before.beganMs} ms after it became invisible`);
  }
}

function handles(messages: readonly PulledMessage[]): string[] {
  return messages.map(({ receiptHandle }) => receiptHandle);
}
