/** One answer of `/metrics`, with the time at which Prometheus is to have read it. */
export interface Scrape {
  readonly seconds: number;
  readonly instance: string;
  /** null: the server did not answer. */
  readonly text: string | null;
}

export interface AlertCase {
  readonly name: string;
  /** The alerts that must fire, with the subscriptions for which they do. null: not about subscriptions. */
  readonly expected: Readonly<Record<string, readonly string[] | null>>;
  /** Resolves with null if the cause cannot be made on this machine. */
  readonly make: () => Promise<readonly Scrape[] | null>;
}

/**
 * Real scrapes are seconds apart at most, and rules wait for minutes. So each step of a timeline counts as this time.
 * Rules with rates over five minutes find two scrapes in them.
 */
export const stepSeconds = 240;

/** Reads `/metrics` of the servers at the end of each step. */
export class Timeline {
  readonly scrapes: Scrape[] = [];
  readonly #urls: readonly string[];
  #seconds = 1_000_000;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** Does something as often as there are steps, and reads the servers after each time. */
  async run(steps: number, act: (step: number) => Promise<unknown>): Promise<void> {
    for (let step = 0; step < steps; step++) {
      await act(step);
      await this.#scrape();
    }
  }

  async #scrape(): Promise<void> {
    this.#seconds += stepSeconds;
    const seconds = this.#seconds;
    const texts = await Promise.all(this.#urls.map(metricsOf));
    for (const [at, text] of texts.entries()) this.scrapes.push({ seconds, instance: `server-${at}`, text });
  }
}

export async function metricsOf(url: string): Promise<string | null> {
  const answer = await fetch(`${url}/metrics`).catch(() => null);
  return answer === null || !answer.ok ? null : answer.text();
}
