import type { Post, Reaction } from "./scripted-transport.ts";
import type { SeededRandom } from "./seeded-random.ts";

type Weather = "up" | "refusing" | "hanging" | "overloaded" | "losing" | "recovering";

const kinds: readonly [Weather, ...Weather[]] = [
  "up",
  "up",
  "up",
  "refusing",
  "refusing",
  "hanging",
  "overloaded",
  "losing",
  "recovering",
];

/** Endpoints whose behaviour changes with time: the origins as a whole, and single endpoints that refuse messages. */
export class Tempers {
  readonly #random: SeededRandom;
  readonly #weather = new Map<string, Weather>();
  /** The share of messages that an endpoint refuses with 500, by path. */
  readonly #refused = new Map<string, number>();

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  change(origin: string): void {
    this.#weather.set(origin, this.#random.pick(kinds));
  }

  changeRefused(path: string): void {
    this.#refused.set(path, this.#random.pick([0, 0, 0.3, 1]));
  }

  heal(): void {
    this.#weather.clear();
    this.#refused.clear();
  }

  react({ endpoint }: Post): Reaction {
    const random = this.#random;
    const afterMs = random.pick([1, 5, 80, 300]);
    const lost = { error: "connection_reset", afterMs } as const;
    const weather = this.#weather.get(endpoint.origin) ?? "up";
    if (weather === "refusing") return { error: "connect_refused", afterMs: 1 };
    if (weather === "hanging") return "hang";
    if (weather === "losing" && random.chance(0.6)) return lost;
    if (weather === "recovering" && random.chance(0.4)) return random.chance(0.5) ? lost : "hang";
    if (weather === "overloaded" && random.chance(0.9)) {
      const headers: Record<string, string> = random.chance(0.3) ? { "retry-after": String(random.upTo(9)) } : {};
      return { status: random.pick([429, 502, 503, 504]), headers, afterMs };
    }
    const isRefused = random.chance(this.#refused.get(endpoint.path) ?? 0);
    return { status: isRefused ? random.pick([400, 500]) : 200, afterMs };
  }
}
