import type { LoadReport } from "../load/tally.ts";
import { headerValue } from "../receiver/request-stream.ts";
import type { BareLoop } from "../workers/bare-posts.ts";
import type { Bench } from "./bench.ts";

/** Headers that undici writes itself. */
const OWN_HEADERS = new Set(["host", "connection", "content-length", "transfer-encoding"]);

/** Number of runs of `bareMs` before the first measurement. */
const WARM_UP_RUNS = 2;

/**
 * Measures the CPU time of bare POSTs: POSTs by two loops that do nothing else. The loops send the header names, the
 * header values and the body of a request that the receiver got from the server, so both sides move the same bytes.
 */
export class Baseline {
  readonly #bench: Bench;
  readonly #loop: BareLoop;
  /** CPU time per POST, one value per measurement. */
  readonly requestUs: number[] = [];
  readonly dispatchUs: number[] = [];

  constructor(bench: Bench, loop: BareLoop) {
    this.#bench = bench;
    this.#loop = loop;
  }

  /** Copies the first request that arrived at this group of endpoints, and warms the bare loops up. */
  static async of(bench: Bench, group: string): Promise<Baseline> {
    const sample = await bench.receiver.call("sample", group);
    if (sample === null) throw new Error(`nothing arrived at /${group}, so there is no request to copy`);
    const { settings } = bench;
    const baseline = new Baseline(bench, {
      origin: bench.receiverOrigin,
      path: `/bare/${group}`,
      headers: headersOf(sample.head),
      body: sample.body,
      concurrency: settings.maxInFlight,
      durationMs: settings.bareMs,
      requestsMax: settings.requestsMax,
    });
    for (let run = 0; run < WARM_UP_RUNS; run++) {
      await baseline.#run("request");
      await baseline.#run("dispatch");
    }
    return baseline;
  }

  /** Runs each bare loop once. */
  async measure(): Promise<void> {
    this.requestUs.push(usPerPost(await this.#run("request")));
    this.dispatchUs.push(usPerPost(await this.#run("dispatch")));
  }

  /** Divides the CPU time of each sample by the CPU time of a bare POST, separately for each of the two bare loops. */
  ratios(serverUs: readonly number[]): { readonly request: readonly number[]; readonly dispatch: readonly number[] } {
    return { request: besideBare(serverUs, this.requestUs), dispatch: besideBare(serverUs, this.dispatchUs) };
  }

  async #run(kind: "request" | "dispatch"): Promise<LoadReport> {
    const report = await this.#bench.barePosts[kind].call(kind, this.#loop);
    await this.#bench.receiver.call("discard", "bare");
    if (report.acceptedMessages < report.requests || report.requests === 0) {
      throw new Error(`bare POSTs failed: ${JSON.stringify(report.refused)}`);
    }
    return report;
  }
}

/** Measures alternately: first `bare`, then `measure` and `bare` once per repeat. */
export async function alternate<Sample, Bare>(
  repeats: number,
  measure: () => Promise<Sample>,
  bare: () => Promise<Bare>,
): Promise<{ readonly samples: Sample[]; readonly bares: Bare[] }> {
  const bares = [await bare()];
  const samples: Sample[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    samples.push(await measure());
    bares.push(await bare());
  }
  return { samples, bares };
}

/**
 * Divides each sample by the mean of the bare runs just before and just after it. A machine that is slow for a while
 * slows down both runs, so the ratio does not change. Expects one bare run more than samples.
 */
export function besideBare(samples: readonly number[], bare: readonly number[]): number[] {
  return samples.map((sample, index) => sample / (((bare[index] ?? Number.NaN) + (bare[index + 1] ?? Number.NaN)) / 2));
}

function usPerPost({ cpuUs, requests }: LoadReport): number {
  return cpuUs / requests;
}

/** The headers of a request without those that undici adds itself: name, value, name, value … */
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
