import { client } from "../../api/session.ts";
import type { Arrival } from "../../api/arrivals.ts";

/** Resources of the playground: a topic, an inbox that receives, and a subscription that pushes to it. */
export interface Bench {
  readonly topic: string;
  readonly inbox: string;
  readonly subscription: string;
  readonly protocol: string;
  /** Where the pushes go. */
  readonly url: string;
  /** The secret that the server has made for a dialect that signs; null for others. */
  readonly secret: string | null;
}

const labels = { "made-by": "playground" };

/** Creates an inbox that takes the pushes, and returns its URL on this server. */
export async function createReceiver(inbox: string): Promise<string> {
  const path = { inbox };
  const body = { description: "Built-in receiver of the dashboard", labels };
  const { receivePath } = await client().put("/v1/inboxes/{inbox}", { params: { path }, body });
  return location.origin + (receivePath ?? `/in/${encodeURIComponent(inbox)}`);
}

/** Connects a topic with a receiver through a subscription of the dialect. */
export async function connect(
  topic: string,
  subscription: string,
  url: string,
  protocol: string,
): Promise<string | null> {
  const path = { topic, subscription };
  const push = { url, protocol };
  const created = await client().put("/v1/topics/{topic}/subscriptions/{subscription}", {
    params: { path },
    body: { push, retry: "none", description: "Made by the dashboard", labels },
  });
  return "secret" in created && typeof created.secret === "string" ? created.secret : null;
}

export async function createTopic(topic: string): Promise<void> {
  await client().put("/v1/topics/{topic}", { params: { path: { topic } }, body: { labels } });
}

/**
 * Sets up everything for one dialect. Names are fixed, so that pressing twice leaves one bench. A subscription of an
 * earlier visit is made anew, because its secret is not shown again.
 */
export async function createBench(protocol: string): Promise<Bench> {
  const names = { topic: "playground", inbox: `playground-${protocol}`, subscription: protocol };
  await createTopic(names.topic);
  const url = await createReceiver(names.inbox);
  const path = { topic: names.topic, subscription: names.subscription };
  await client().delete("/v1/topics/{topic}/subscriptions/{subscription}", { params: { path } }).catch(ignoreMissing);
  const secret = await connect(names.topic, names.subscription, url, protocol);
  return { ...names, protocol, url, secret };
}

/** Deletes the topic of the playground with its subscriptions, and the inboxes. */
export async function removeBenches(): Promise<void> {
  const api = client();
  await api.delete("/v1/topics/{topic}", { params: { path: { topic: "playground" } } }).catch(ignoreMissing);
  for await (const { name } of api.list("/v1/inboxes", { params: { query: { label: "made-by=playground" } } })) {
    await api.delete("/v1/inboxes/{inbox}", { params: { path: { inbox: name } } }).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as { status?: unknown }).status !== 404) throw error;
}

/** One fact that a receiver's library reads from the request. */
export type ReadFact = readonly [name: string, value: string];

/** Reads the request as a receiver with the SDK does. Throws the SDK's error if it is not a valid push. */
export async function readArrival(arrival: Arrival, { protocol, secret }: Bench): Promise<readonly ReadFact[]> {
  const { findPushProtocol, standardWebhooksKey } = await import("@ringback/sdk/protocols");
  const dialect = findPushProtocol(protocol);
  if (dialect === null) return [];
  const keys = secret === null ? [] : [standardWebhooksKey("playground", secret)];
  const request = {
    method: "POST",
    path: "/",
    headers: { ...arrival.headers, ...typeHeader(arrival) },
    body: arrival.body,
  };
  const message = await dialect.decode(request, { keys, nowMs: Date.now(), toleranceMs: 300_000 });
  const { topic, subscription, messageId, attempt, type, tags, orderingKey } = message;
  const facts: readonly (readonly [string, unknown])[] = [
    ["topic", topic],
    ["subscription", subscription],
    ["messageId", messageId],
    ["attempt", attempt],
    ["type", type],
    ["tags", tags.join(", ")],
    ["orderingKey", orderingKey],
    ["contentType", message.contentType],
    ["body", new TextDecoder().decode(message.body)],
  ];
  return facts.filter(([, value]) => value !== null && value !== "").map(([name, value]) => [name, String(value)]);
}

function typeHeader({ contentType }: Arrival): Readonly<Record<string, string>> {
  return contentType === null ? {} : { "content-type": contentType };
}
