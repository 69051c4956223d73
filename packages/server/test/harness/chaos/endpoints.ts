import { startReceiver } from "../receiver.ts";
import type { Receiver } from "../receiver.ts";
import type { Chance } from "../random.ts";
import { lateMs, subscriptions } from "./plan.ts";
import type { PlannedSubscription } from "./plan.ts";

export interface ChaosArrival {
  /** Number of kills before the arrival. */
  readonly epoch: number;
  /** Whether the answer was a success. A kill can still lose the answer on its way to the server. */
  readonly success: boolean;
  /** Whether the answer was a success after the server's time limit. */
  readonly late: boolean;
  readonly body: string;
  /** Time of arrival by `performance.now`. */
  readonly atMs: number;
  /**
   * Identifies the server process that sent the request. The request ids of one process divided by `idsOfProcess` give
   * the same number.
   */
  readonly sender: string;
}

/** The request ids of a process start at a multiple of this number and count up. */
const idsOfProcess = 2n ** 21n;

/** The endpoint of every subscription. Arrivals are recorded by `topic/subscription/message id`. */
export class Endpoints implements AsyncDisposable {
  readonly arrivals = new Map<string, ChaosArrival[]>();
  epoch = 0;
  readonly #receiver: Receiver;

  static async start(chance: Chance, plan: readonly PlannedSubscription[] = subscriptions): Promise<Endpoints> {
    const byPath = new Map(plan.map((planned) => [`/${planned.topic}/${planned.name}`, planned]));
    const receiver = await startReceiver((arrival, response) => {
      const planned = byPath.get(arrival.path);
      if (planned === undefined) return 404;
      const fate = drawFate(planned, chance);
      const sender = String(BigInt(String(arrival.headers["ringback-request-id"])) / idsOfProcess);
      endpoints.#note(`${planned.topic}/${planned.name}/${arrival.messageId}`, {
        epoch: endpoints.epoch,
        success: fate === "success",
        late: fate === "late",
        body: arrival.text,
        atMs: performance.now(),
        sender,
      });
      if (fate === "none") return undefined;
      const answer = () => {
        if (fate !== "failure") response.writeHead(200).end("ok");
        // Most failures are answers with 500: after a 503 or a broken connection the server sends more slowly, and many
        // of them would make a run last for hours.
        else if (chance.next() < 0.9) response.writeHead(500).end("failed");
        else if (chance.next() < 0.5) response.writeHead(503).end("later");
        else response.destroy();
      };
      if (fate === "late") setTimeout(answer, lateMs).unref();
      else if (planned.delayMs === 0) answer();
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
    return this.arrivals.get(delivery)?.some(({ success, late }) => success || late) ?? false;
  }

  #note(delivery: string, arrival: ChaosArrival): void {
    const list = this.arrivals.get(delivery) ?? [];
    this.arrivals.set(delivery, list);
    list.push(arrival);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
  }
}

function drawFate(planned: PlannedSubscription, chance: Chance): "success" | "failure" | "none" | "late" {
  const { failing, hanging = 0, late = 0 } = planned;
  const drawn = chance.next();
  if (drawn >= failing + hanging + late) return "success";
  if (drawn >= failing + hanging) return "late";
  return drawn >= failing ? "none" : "failure";
}
