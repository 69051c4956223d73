import { setTimeout as pause } from "node:timers/promises";
import type { DeliveryView } from "../api.ts";
import type { Endpoints } from "../chaos/endpoints.ts";
import type { PlannedSubscription } from "../chaos/plan.ts";
import type { Accepted } from "../chaos/publishers.ts";
import { socketsRead } from "../cluster-chaos/nodes.ts";
import type { Chance } from "../random.ts";
import { mayDie, plan } from "./plan.ts";
import type { Puller } from "./puller.ts";
import type { Requests } from "./requests.ts";

/** A state that does not change any more. */
interface Settled {
  readonly state: string;
  /** Time by `performance.now` when the first GET that showed the state had ended. */
  readonly atMs: number;
}

export interface ObserverOptions {
  readonly requests: Requests;
  readonly chance: Chance;
  readonly accepted: readonly Accepted[];
  readonly endpoints: Endpoints;
  readonly puller: Puller;
}

const path = "/v1/topics/{topic}/subscriptions/{subscription}";
/** Half of the GETs of messages read one of so many newest messages. */
const newest = 40;

/** Reads messages and subscriptions all the time, and checks that no GET contradicts what was certain when it began. */
export class Observer {
  readonly faults: string[] = [];
  /** Deliveries that a GET has shown as delivered or dead. */
  readonly settled = new Map<string, Settled>();
  judged = 0;
  readonly #options: ObserverOptions;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  async run(observers: number, stop: AbortSignal): Promise<void> {
    const observe = async (): Promise<void> => {
      const { chance, accepted } = this.#options;
      while (!stop.aborted) {
        const from = chance.next() < 0.5 ? Math.max(0, accepted.length - newest) : 0;
        const message = accepted[chance.whole(from, accepted.length - 1)];
        if (message === undefined || chance.next() < 0.1) await this.#readSubscription();
        else await this.readMessage(message);
        await pause(chance.whole(1, 20));
      }
    };
    await Promise.all(Array.from({ length: observers }, observe));
  }

  /** Returns the deliveries that were shown; null without an answer. */
  async readMessage({ id, topic, message }: Accepted): Promise<readonly DeliveryView[] | null> {
    const params = { path: { id } };
    const answer = await this.#options.requests.send((client, signal) =>
      client.get("/v1/messages/{id}", { params, signal }),
    );
    if (answer === null) return null;
    this.judged++;
    if (answer.json?.body !== message.body) {
      this.faults.push(`${id} was accepted and is shown as ${JSON.stringify(answer.json).slice(0, 200)}`);
      return [];
    }
    const { deliveries } = answer.json;
    for (const planned of plan.filter((each) => each.topic === topic)) {
      const delivery = `${topic}/${planned.name}/${id}`;
      const shown = deliveries.find(({ subscription }) => subscription === planned.name);
      const certain = planned.gets(message) ? this.#certainState(planned, delivery, answer.beganMs) : "filtered";
      const fault = this.#faultOf(planned, delivery, shown, certain);
      if (fault !== null) this.faults.push(`${delivery} ${fault}: ${JSON.stringify(shown)}`);
    }
    // A POST that was sent earlier is read before a delivery counts as settled.
    await socketsRead();
    for (const { subscription, state } of deliveries) {
      const delivery = `${topic}/${subscription}/${id}`;
      if ((state === "delivered" || state === "dead") && !this.settled.has(delivery))
        this.settled.set(delivery, { state, atMs: performance.now() });
    }
    return deliveries;
  }

  /** Returns the state that every GET shows which begins at this time; null if it is not certain. */
  #certainState({ pull }: PlannedSubscription, delivery: string, beganMs: number): string | null {
    const settled = this.settled.get(delivery);
    if (settled !== undefined && settled.atMs < beganMs) return settled.state;
    const acknowledgedMs = this.#options.puller.acknowledgedAtMs.get(delivery.split("/")[2] ?? "") ?? Infinity;
    return pull !== undefined && acknowledgedMs < beganMs ? "delivered" : null;
  }

  #faultOf(
    planned: PlannedSubscription,
    delivery: string,
    shown: DeliveryView | undefined,
    certain: string | null,
  ): string | null {
    if (shown === undefined) return "is not shown";
    const { state, attempts } = shown;
    if (certain !== null && state !== certain) return `was ${certain}`;
    if (certain === "filtered") return attempts.length === 0 ? null : "has attempts";
    if (state === "dead") return mayDie(planned) ? null : "has retries left";
    const successes = attempts.filter(({ verdict }) => verdict === "accepted").length;
    if (state !== "delivered")
      return ["pending", "in_flight", "parked"].includes(state) && successes === 0 ? null : "is in no possible state";
    if (successes !== 1 || attempts.at(-1)?.verdict !== "accepted") return "has not one success at the end";
    const { endpoints, puller } = this.#options;
    const [, , id = ""] = delivery.split("/");
    const isAccepted = planned.pull === undefined ? endpoints.succeeded(delivery) : puller.acknowledging.has(id);
    return isAccepted ? null : "was not accepted by its receiver";
  }

  async #readSubscription(): Promise<void> {
    const { chance, requests } = this.#options;
    const planned = plan[chance.whole(0, plan.length - 1)] as PlannedSubscription;
    const params = { path: { topic: planned.topic, subscription: planned.name } };
    const answer = await requests.send((client, signal) => client.get(path, { params, signal }));
    if (answer === null) return;
    this.judged++;
    const { json } = answer;
    const numbers = [json?.counts, json?.pullCounts].flatMap((counts) =>
      Object.values(counts ?? {}).filter((value) => typeof value === "number"),
    );
    const isRight =
      json !== null &&
      json.state === "active" &&
      numbers.every((number) => number >= 0) &&
      json.counts.expired === 0 &&
      (mayDie(planned) || json.counts.deadLetters === 0);
    if (!isRight) this.faults.push(`${planned.topic}/${planned.name} is shown as ${JSON.stringify(json)}`);
  }
}
