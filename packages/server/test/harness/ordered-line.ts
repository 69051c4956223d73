import { chanceFrom } from "./random.ts";
import { startReceiver } from "./receiver.ts";
import type { Receiver } from "./receiver.ts";

interface LineArrival {
  readonly number: number;
  readonly taken: boolean;
  /** Number of earlier starts of the server. */
  readonly life: number;
}

/** Records the arrivals of one sequence of messages that must be delivered in order. */
export class OrderedLine {
  readonly arrivals: LineArrival[] = [];
  underWay = 0;
  underWayMax = 0;

  get taken(): number {
    return new Set(this.arrivals.filter(({ taken }) => taken).map(({ number }) => number)).size;
  }

  /**
   * Returns the arrivals that are out of order. A life is the time between two starts of the server. Within one life,
   * an arrival after a refusal must repeat the refused message. Every other arrival must be the next message.
   *
   * A new life begins with the first message that was not accepted. After a kill, a life can begin with an earlier
   * message that was accepted but not yet recorded. `crash.test.ts` checks that no recorded message is repeated.
   */
  faults(endedByKill: (life: number) => boolean): string[] {
    let taken = -1;
    return this.arrivals.flatMap((arrival, index) => {
      const before = this.arrivals[index - 1];
      const sameLife = before?.life === arrival.life;
      const wanted = !sameLife ? taken + 1 : before.taken ? before.number + 1 : before.number;
      const rewound = !sameLife && arrival.number <= wanted && arrival.life > 0 && endedByKill(arrival.life - 1);
      if (arrival.taken) taken = Math.max(taken, arrival.number);
      if (arrival.number === wanted || rewound) return [];
      return [`life ${arrival.life}: ${arrival.number} came instead of ${wanted}`];
    });
  }
}

/**
 * A receiver for bodies that consist of the name of an ordered sequence, a space and a number. The receiver refuses
 * some of the POSTs, chosen at random from a seed.
 */
export class OrderJudge implements AsyncDisposable {
  readonly lines = new Map<string, OrderedLine>();
  life = 0;
  readonly #receiver: Receiver;

  static async start(options: { readonly seed: number; readonly delayMs: number; readonly refused: number }) {
    const chance = chanceFrom(options.seed);
    const receiver = await startReceiver((arrival, response) => {
      const [name = "", number = ""] = arrival.text.split(" ");
      const line = judge.lines.get(name) ?? new OrderedLine();
      judge.lines.set(name, line);
      const taken = chance.next() >= options.refused;
      const { life } = judge;
      line.underWay++;
      line.underWayMax = Math.max(line.underWayMax, line.underWay);
      response.on("close", () => line.underWay--);
      setTimeout(() => {
        // The response is destroyed if a kill has cut the connection. The sender then gets no answer to this request.
        line.arrivals.push({ number: Number(number), taken: taken && !response.destroyed, life });
        response.writeHead(taken ? 200 : 500).end();
      }, options.delayMs);
    });
    const judge = new OrderJudge(receiver);
    return judge;
  }

  private constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  get url(): string {
    return this.#receiver.url;
  }

  get taken(): number {
    return [...this.lines.values()].reduce((sum, line) => sum + line.taken, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]();
  }
}
