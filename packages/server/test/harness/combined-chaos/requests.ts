import { NotFoundError, RingbackApiError, type RingbackClient } from "@ringback/sdk/client";
import { isUnanswered, type Nodes } from "../cluster-chaos/publishers.ts";
import type { Chance } from "../random.ts";

const answerMsMax = 5_000;

type Call<T> = (client: RingbackClient, signal: AbortSignal) => Promise<T>;

export interface TimedAnswer<T> {
  /** Null: the answer was 404. */
  readonly json: T | null;
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

  /** Returns the answer of 200 or 404. Null: no server answered, or the answer was 503. */
  async send<T>(call: Call<T>): Promise<TimedAnswer<T> | null> {
    const server = this.#nodes.server(this.#chance.whole(0, this.#nodes.count - 1));
    if (server === null) return null;
    const beganMs = performance.now();
    let json: T | null = null;
    try {
      json = await call(server.api.client, AbortSignal.timeout(answerMsMax));
    } catch (error) {
      if (!(error instanceof NotFoundError)) return this.#count(error);
    }
    this.answered++;
    return { json, beganMs, endedMs: performance.now() };
  }

  #count(error: unknown): null {
    if (isUnanswered(error)) this.unanswered++;
    else if (error instanceof RingbackApiError && error.status === 503) this.refused++;
    else this.unexpected.push(String(error));
    return null;
  }
}
