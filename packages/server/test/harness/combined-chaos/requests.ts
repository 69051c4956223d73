import type { Nodes } from "../cluster-chaos/publishers.ts";
import type { Chance } from "../random.ts";

const answerMsMax = 5_000;

export interface TimedAnswer<T> {
  readonly status: number;
  readonly json: T;
  /** Values of `performance.now`. */
  readonly beganMs: number;
  readonly endedMs: number;
}

/** Requests to any server, which count the answers and note those that no client should get. */
export class Requests {
  /** Answers that no client should get, even if a server or the database fails. */
  readonly unexpected: string[] = [];
  answered = 0;
  refused = 0;
  unanswered = 0;
  readonly #nodes: Nodes;
  readonly #chance: Chance;

  constructor(nodes: Nodes, chance: Chance) {
    this.#nodes = nodes;
    this.#chance = chance;
  }

  /** Returns the answer, if it is 200 or 404. Null: no server answered, or the answer was 503. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the answer's shape, named once at the call
  async send<T>(method: string, path: string, json?: object): Promise<TimedAnswer<T> | null> {
    const server = this.#nodes.server(this.#chance.whole(0, this.#nodes.count - 1));
    if (server === null) return null;
    const beganMs = performance.now();
    let status: number;
    let text: string;
    try {
      const response = await fetch(server.url + path, {
        method,
        signal: AbortSignal.timeout(answerMsMax),
        ...(json === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(json) }),
      });
      status = response.status;
      text = await response.text();
    } catch {
      this.unanswered++;
      return null;
    }
    if (status === 200 || status === 404) {
      this.answered++;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the checks of the answer find any other shape
      return { status, json: JSON.parse(text) as T, beganMs, endedMs: performance.now() };
    }
    if (status === 503) this.refused++;
    else this.unexpected.push(`${method} ${path}: ${status} ${text.slice(0, 300)}`);
    return null;
  }
}
