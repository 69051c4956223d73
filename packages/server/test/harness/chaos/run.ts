import { setTimeout as pause } from "node:timers/promises";
import { chanceFrom } from "../random.ts";
import { recordedSuccesses } from "../recorded-successes.ts";
import { Server, spawnServer } from "../server.ts";
import { untilTrue } from "../until.ts";
import { Endpoints } from "./endpoints.ts";
import { subscriptions } from "./plan.ts";
import type { PlannedSubscription } from "./plan.ts";
import { prepare, settledCounts } from "./subscribing.ts";
import { Publishers } from "./publishers.ts";
import type { Accepted } from "./publishers.ts";

export interface ChaosOptions {
  readonly folder: string;
  readonly kills: number;
  readonly seed: number;
  /** The most messages that a server accepts before it is killed. */
  readonly acceptedMax: number;
}

export interface ChaosReport {
  readonly seed: number;
  readonly kills: number;
  readonly killsWhileStarting: number;
  readonly accepted: readonly Accepted[];
  /** Number of publishes whose answer was cut off by a kill. */
  readonly unanswered: number;
  readonly attempted: ReadonlySet<string>;
  readonly endpoints: Endpoints;
  /**
   * One map per kill: the deliveries that the server had recorded as accepted before the kill, each with its number of
   * arrivals at that moment.
   */
  readonly recorded: readonly ReadonlyMap<string, number>[];
  /** The message counts of every subscription at the end. */
  readonly leftOver: readonly object[];
}

const publishers = 4;
/** Share of the kills that are done while a server starts. */
const whileStarting = 0.15;

/**
 * Loads a server with requests, kills it at a random moment, and starts it again on the same folder. Repeats this for
 * the given number of kills.
 */
export async function runChaos({ folder, kills, seed, acceptedMax }: ChaosOptions): Promise<ChaosReport> {
  const chance = chanceFrom(seed);
  // Each part has its own random numbers. Otherwise the order of requests and kills would change the numbers of the
  // other parts.
  await using endpoints = await Endpoints.start(chanceFrom(seed + 1));
  const load = new Publishers(chanceFrom(seed + 2));
  const recorded: ReadonlyMap<string, number>[] = [];
  let killsWhileStarting = 0;

  const noteKill = (): void => {
    const arrived = (delivery: string) => endpoints.arrivals.get(delivery)?.length ?? 0;
    recorded.push(new Map(Array.from(recordedSuccesses(folder), (delivery) => [delivery, arrived(delivery)])));
    endpoints.epoch++;
  };

  await using first = await Server.start({ folder });
  await prepare(first.api, endpoints.url);
  let server: Server = first;
  while (recorded.length < kills) {
    const stop = new AbortController();
    const loading = load.run(server.api, publishers, stop.signal);
    const killAt = load.accepted.length + chance.whole(1, acceptedMax);
    await untilTrue("it has accepted some messages", () => load.accepted.length >= killAt);
    await untilTrue("it has recorded a success", () => recordedSuccesses(folder).size > 0);
    await pause(chance.whole(0, 50));
    await server.kill();
    stop.abort();
    await loading;
    noteKill();
    while (recorded.length < kills && chance.next() < whileStarting) {
      const starting = spawnServer({ folder });
      await pause(chance.whole(0, 900));
      starting.signal("SIGKILL");
      await starting.ended;
      killsWhileStarting++;
      noteKill();
    }
    server = await Server.start({ folder });
  }

  await using last = server;
  await load.settle(last.api);
  const leftOver = await settledCounts(last.api);
  return {
    seed,
    kills: recorded.length,
    killsWhileStarting,
    accepted: load.accepted,
    unanswered: load.unanswered,
    attempted: load.attempted,
    endpoints,
    recorded,
    leftOver,
  };
}

/** Returns deliveries as `topic/subscription/message id`. */
export function dueDeliveries(
  accepted: readonly Accepted[],
  plan: readonly PlannedSubscription[] = subscriptions,
): string[] {
  return accepted.flatMap(({ id, topic, message }) =>
    plan
      .filter((planned) => planned.topic === topic && planned.gets(message))
      .map((planned) => `${topic}/${planned.name}/${id}`),
  );
}
