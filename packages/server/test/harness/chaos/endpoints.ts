import { startReceiver } from "../receiver.ts";
import type { Receiver } from "../receiver.ts";
import type { Chance } from "../random.ts";
import { subscriptions } from "./plan.ts";

export interface ChaosArrival {
  /** Number of kills before the arrival. */
  readonly epoch: number;
  /** Whether the answer was a success. A kill can still lose the answer on its way to the server. */
  readonly success: boolean;
  readonly body: string;
  /** Time of arrival by `performance.now`. */
  readonly atMs: number;
  /** Names the process that sent the request. Request ids of one process share a base. */
  readonly sender: string;
}

/** Request ids of one process count up from a multiple of this number. */
const idsOfProcess = 2n ** 21n;

/** Every subscription's endpoint, with its arrivals by `topic/subscription/message id`. */
export class Endpoints implements AsyncDisposable {
  readonly arrivals = new Map<string, ChaosArrival[]>();
  epoch = 0;
  readonly #receiver: Receiver;

  static async start(chance: Chance): Promise<Endpoints> {
    const byPath = new Map(subscriptions.map((planned) => [`/${planned.topic}/${planned.name}`, planned]));
    const receiver = await startReceiver((arrival, response) => {
      const planned = byPath.get(arrival.path);
      if (planned === undefined) return 404;
      const success = chance.next() >= planned.failing;
      const sender = String(BigInt(String(arrival.headers["ringback-request-id"])) / idsOfProcess);
      endpoints.#note(`${planned.topic}/${planned.name}/${arrival.messageId}`, success, arrival.text, sender);
      const answer = () => {
        if (success) response.writeHead(200).end("ok");
        // Half of the failures are refusals, the others are broken connections.
        else if (chance.next() < 0.5) response.writeHead(503).end("later");
        else response.destroy();
      };
      if (planned.delayMs === 0) answer();
      else setTimeout(answer, planned.delayMs);
      return undefined;
    });
    const endpoints = new Endpoints(receiver);
    return endpoints;
  }

  private constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  get url(): string {
    return this.#receiver.url;
  }

  succeeded(delivery: string): boolean {
    return this.arrivals.get(delivery)?.some(({ success }) => success) ?? false;
  }

  #note(delivery: string, success: boolean, body: string, sender: string): void {
    const list = this.arrivals.get(delivery) ?? [];
    this.arrivals.set(delivery, list);
    list.push({ epoch: this.epoch, success, body, atMs: performance.now(), sender });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
  }
}
