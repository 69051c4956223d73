import type { Api, CountsView } from "../api.ts";
import { Endpoints } from "../chaos/endpoints.ts";
import type { Accepted } from "../chaos/publishers.ts";
import { prepare, settledCounts } from "../chaos/subscribing.ts";
import type { Disturbances } from "../cluster-chaos/disturbances.ts";
import { ClusterPublishers } from "../cluster-chaos/publishers.ts";
import type { Nodes } from "../cluster-chaos/publishers.ts";
import { chanceFrom } from "../random.ts";
import { until } from "../until.ts";
import { Observer } from "./observer.ts";
import { plan } from "./plan.ts";
import { Puller } from "./puller.ts";
import { Requests } from "./requests.ts";

/** Servers with their database, their disk and their clocks. */
export interface Site extends AsyncDisposable {
  readonly nodes: Nodes;
  readonly disturbances: Disturbances;
  /** Number of starts that failed because of the disturbances. */
  startsInVain(): number;
  /** Disturbs everything until `stop` is aborted. Then resolves when everything runs again. */
  disturb(stop: AbortSignal): Promise<void>;
}

export interface CombinedReport {
  readonly seed: number;
  readonly loadedMs: number;
  readonly publishers: ClusterPublishers;
  readonly requests: Requests;
  readonly observer: Observer;
  readonly puller: Puller;
  readonly endpoints: Endpoints;
  readonly disturbances: Disturbances;
  readonly startsInVain: number;
  /** The state of each delivery when everything was settled. */
  readonly finalStates: ReadonlyMap<string, string>;
  readonly deadLetters: ReadonlySet<string>;
  readonly leftOver: readonly (CountsView & { readonly subscription: string })[];
}

const yearMs = 365 * 24 * 3600_000;
const [publishing, receiving, observing, reading] = [3, 2, 6, 8];

/** Loads the servers while all disturbances happen at once, and waits until every message is settled. */
export async function runCombinedChaos(site: Site, seed: number, loadMs: number): Promise<CombinedReport> {
  const { nodes, disturbances } = site;
  await using endpoints = await Endpoints.start(chanceFrom(seed + 1), plan);
  await prepare(apiOf(nodes), endpoints.url, plan);
  // A clock that jumps must not end the retention of a message.
  for (const topic of new Set(plan.map((each) => each.topic)))
    await apiOf(nodes).putTopic(topic, { retentionMs: yearMs });

  const requests = new Requests(nodes, chanceFrom(seed + 2));
  const publishers = new ClusterPublishers(chanceFrom(seed + 3), nodes);
  const { accepted } = publishers;
  const puller = new Puller(requests, chanceFrom(seed + 4), disturbances);
  const observer = new Observer({ requests, chance: chanceFrom(seed + 5), accepted, endpoints, puller });
  const [loading, watching] = [new AbortController(), new AbortController()];
  const startedMs = performance.now();
  const disturbing = site.disturb(AbortSignal.any([AbortSignal.timeout(loadMs), watching.signal]));
  const loads = [
    publishers.run(publishing, loading.signal),
    puller.run(receiving, watching.signal),
    observer.run(observing, watching.signal),
  ];
  try {
    // A load ends before the disturbances only if it has failed.
    await Promise.race([disturbing, Promise.all(loads)]);
    const loadedMs = performance.now() - startedMs;
    loading.abort();
    await loads[0];
    await untilReady(nodes);
    const leftOver = await settledCounts(apiOf(nodes), plan);
    watching.abort();
    await Promise.all(loads);
    const finalStates = await readAll(observer, accepted);
    const deadLetters = await readDeadLetters(apiOf(nodes));
    const observed = { publishers, requests, observer, puller, endpoints, disturbances };
    return { ...observed, seed, loadedMs, startsInVain: site.startsInVain(), finalStates, deadLetters, leftOver };
  } finally {
    publishers.isOver = true;
    loading.abort();
    watching.abort();
    await Promise.allSettled([disturbing, ...loads]);
  }
}

async function untilReady(nodes: Nodes): Promise<void> {
  for (let node = 0; node < nodes.count; node++) {
    await until(
      `node ${node} is ready`,
      async () => (await nodes.server(node)?.api.call("GET", "/readyz"))?.status,
      (status) => status === 200,
    );
  }
}

/** Reads every accepted message again, several at a time. */
async function readAll(observer: Observer, accepted: readonly Accepted[]): Promise<ReadonlyMap<string, string>> {
  const messages = accepted.values();
  const readSome = async (): Promise<void> => {
    for (const message of messages) {
      await until(
        `${message.id} is settled`,
        () => observer.readMessage(message),
        (deliveries) => deliveries?.every(({ state }) => state !== "in_flight") ?? false,
      );
    }
  };
  await Promise.all(Array.from({ length: reading }, readSome));
  return new Map(Array.from(observer.settled, ([delivery, { state }]) => [delivery, state]));
}

/** Returns the ids of the messages that are dead letters of the subscription `mortal`. */
async function readDeadLetters({ client }: Api): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const params = { path: { topic: "routed", subscription: "mortal" }, query: { limit: 100 } };
  const path = "/v1/topics/{topic}/subscriptions/{subscription}/dead-letters";
  for await (const { message } of client.list(path, { params })) ids.add(message.id);
  return ids;
}

function apiOf(nodes: Nodes): Api {
  const server = nodes.server(0);
  if (server === null) throw new Error("the first server is down");
  return server.api;
}
