import type { BareLoop, BareReport } from "../bare/commands.ts";
import { headerValue } from "../receiver/request-stream.ts";
import type { Bench } from "./bench.ts";

/** What undici writes itself. */
const OWN_HEADERS = new Set(["host", "connection", "content-length", "transfer-encoding"]);

/** Of `bareMs` each. */
const WARM_UP_RUNS = 2;

/**
 * The bare loops, fed with the very request that the server sends: its header names and values and its body, as the
 * receiver saw them. So both sides move the same bytes.
 */
export class Yardstick {
  readonly #bench: Bench;
  readonly #loop: BareLoop;
  readonly requestUs: number[] = [];
  readonly dispatchUs: number[] = [];

  private constructor(bench: Bench, loop: BareLoop) {
    this.#bench = bench;
    this.#loop = loop;
  }

  /** Needs a delivery of the group to have arrived. */
  static async of(bench: Bench, group: string): Promise<Yardstick> {
    const sample = await bench.receiver.call("sample", { group });
    if (sample === null) throw new Error(`nothing arrived at /${group}: there is no request to imitate`);
    const { settings } = bench;
    const yardstick = new Yardstick(bench, {
      origin: bench.receiverOrigin,
      path: `/bare/${group}`,
      headers: headersOf(sample.head),
      body: sample.body,
      concurrency: settings.maxInFlight,
      durationMs: settings.bareMs,
      postsMax: settings.requestsMax,
    });
    for (let warmUp = 0; warmUp < WARM_UP_RUNS; warmUp++) {
      await yardstick.#run("request");
      await yardstick.#run("dispatch");
    }
    return yardstick;
  }

  /** One sample of each loop. */
  async measure(): Promise<void> {
    this.requestUs.push(usPerPost(await this.#run("request")));
    this.dispatchUs.push(usPerPost(await this.#run("dispatch")));
  }

  /**
   * The server's samples, each in bare POSTs of the runs just before and just after it: a machine that slows down for a
   * while slows both down. Expects one bare sample more than server samples.
   */
  ratios(serverUs: readonly number[]): { readonly request: readonly number[]; readonly dispatch: readonly number[] } {
    return {
      request: besideNeighbours(serverUs, this.requestUs),
      dispatch: besideNeighbours(serverUs, this.dispatchUs),
    };
  }

  async #run(kind: "request" | "dispatch"): Promise<BareReport> {
    const child = kind === "request" ? this.#bench.bareRequest : this.#bench.bareDispatch;
    const report = await child.call(kind, this.#loop);
    await this.#bench.receiver.call("forget", { group: "bare" });
    if (report.failed > 0 || report.posts === 0) throw new Error(`${report.failed} bare POSTs failed`);
    return report;
  }
}

export function besideNeighbours(samples: readonly number[], bare: readonly number[]): number[] {
  return samples.map((sample, index) => sample / (((bare[index] ?? Number.NaN) + (bare[index + 1] ?? Number.NaN)) / 2));
}

function usPerPost({ cpuUs, posts }: BareReport): number {
  return cpuUs / posts;
}

/** Name, value, name, value … as they stood in the head, without those that undici adds by itself. */
export function headersOf(head: string): string[] {
  return head
    .split("\r\n")
    .slice(1)
    .map((line) => line.slice(0, line.indexOf(":")))
    .flatMap((name) => {
      const lowerCase = name.toLowerCase();
      return OWN_HEADERS.has(lowerCase) ? [] : [name, headerValue(head, lowerCase) ?? ""];
    });
}
