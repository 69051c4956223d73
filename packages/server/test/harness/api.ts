/**
 * Requests of the tests to the REST API: everyday ones with the SDK's client, and `call` for any other request, also
 * for those that no client would send.
 */

import { createClient, type components, type RingbackClient } from "@ringback/sdk/client";

type Schemas = components["schemas"];

export type PublishedView = Schemas["PublishedMessage"];
export type AttemptView = Schemas["Attempt"];
export type DeliveryView = Schemas["Delivery"];
export type MessageView = Schemas["Message"];
export type CountsView = Schemas["SubscriptionCounts"];
export type DeadLetterView = Schemas["DeadLetterSummary"];
export type ProblemView = Schemas["Problem"];

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly json: T;
}

export interface CallOptions {
  readonly json?: unknown;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

const path = "/v1/topics/{topic}/subscriptions/{subscription}";

export class Api {
  readonly url: string;
  readonly client: RingbackClient;

  constructor(url: string) {
    this.url = url;
    // A repeated request would hide what a test looks for.
    this.client = createClient({ url, retriesMax: 0, timeoutMs: 600_000 });
  }

  /**
   * Returns the answer, whatever its status. Throws only when no answer comes. `T` is the shape that the caller
   * expects.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the answer's shape, named once at the call
  async call<T = unknown>(method: string, path: string, { json, body, headers }: CallOptions = {}): Promise<Answer<T>> {
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await fetch(this.url + path, {
      method,
      headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(sent === undefined ? {} : { body: sent }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the test's assertions check it
    return { status: response.status, headers: response.headers, json: (isJson ? JSON.parse(text) : null) as T };
  }

  /** Returns the JSON of a 2xx answer, and throws for any other answer. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as for `call`
  async ok<T = unknown>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const answer = await this.call<T>(method, path, options);
    if (answer.status < 300) return answer.json;
    throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.json)}`);
  }

  putTopic(topic: string, settings: object = {}): Promise<unknown> {
    return this.client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: settings });
  }

  /** Without `push.timeoutMs` attempts get the most time, so that none is repeated because the machine is busy. */
  subscribe(
    topic: string,
    name: string,
    settings: { readonly push?: object; readonly [name: string]: unknown },
  ): Promise<unknown> {
    const { push } = settings;
    const patient = push === undefined ? settings : { ...settings, push: { timeoutMs: 60_000, ...push } };
    const params = { path: { topic, subscription: name } };
    return this.client.put(path, { params, body: patient as Schemas["SubscriptionSettings"] });
  }

  publish(topic: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<PublishedView> {
    return this.client.post("/v1/topics/{topic}/messages", { params: { path: { topic } }, body: message, headers });
  }

  publishBatch(topic: string, messages: readonly object[]): Promise<readonly PublishedView[]> {
    return this.client.publishBatch(topic, messages);
  }

  message(id: string): Promise<MessageView> {
    return this.client.get("/v1/messages/{id}", { params: { path: { id } } });
  }

  async delivery(id: string, subscription: string): Promise<DeliveryView> {
    const { deliveries } = await this.message(id);
    const found = deliveries.find((delivery) => delivery.subscription === subscription);
    if (found === undefined) throw new Error(`message ${id} has no delivery for ${subscription}`);
    return found;
  }

  async counts(topic: string, name: string): Promise<CountsView> {
    return (await this.client.get(path, { params: { path: { topic, subscription: name } } })).counts;
  }

  deadLetters(topic: string, name: string): Promise<Page<DeadLetterView>> {
    return this.client.get(`${path}/dead-letters`, { params: { path: { topic, subscription: name } } });
  }

  /** Values of /metrics by name, without the series that have labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await this.client.get("/metrics", { parseAs: "text" });
    const samples = text.matchAll(/^(?<name>[a-z_]+) (?<value>\S+)$/gm);
    return new Map(Array.from(samples, ({ groups }) => [groups?.["name"] ?? "", Number(groups?.["value"])]));
  }
}

export function subscriptionPath(topic: string, name: string): string {
  return `/v1/topics/${topic}/subscriptions/${name}`;
}
