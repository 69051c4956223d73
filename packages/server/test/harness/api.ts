/**
 * A client of the REST API that uses only fetch and JSON, as a program without a client library does. The types contain
 * only the members that tests read.
 */

export interface PublishedView {
  readonly id: string;
  readonly topic: string;
  readonly seq: number;
  readonly publishedAt: string;
}

export interface AttemptView {
  readonly attempt: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly verdict: "accepted" | "failed" | "error";
  readonly status: number | null;
  readonly errorCode: string | null;
  readonly reply: string | null;
}

export interface DeliveryView {
  readonly subscription: string;
  readonly state: string;
  readonly nextAttemptAt: string | null;
  readonly reason: string | null;
  readonly attempts: readonly AttemptView[];
}

export interface MessageView {
  readonly id: string;
  readonly body: string;
  readonly deliveries: readonly DeliveryView[];
}

export interface CountsView {
  readonly backlog: number;
  readonly parked: number;
  readonly deadLetters: number;
  readonly expired: number;
  readonly inFlight: number;
}

export interface DeadLetterView {
  readonly id: string;
  readonly reason: string;
  readonly attempts: number;
  readonly diedAt: string;
  readonly lastStatus: number | null;
  readonly lastErrorCode: string | null;
  readonly reply: string | null;
  readonly message: { readonly id: string; readonly body?: string };
}

export interface ProblemView {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly { readonly field: string; readonly message: string }[];
}

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

export class Api {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
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
    return this.ok("PUT", `/v1/topics/${topic}`, { json: settings });
  }

  /** Without `push.timeoutMs` attempts get the most time, so that none is repeated because the machine is busy. */
  subscribe(
    topic: string,
    name: string,
    settings: { readonly push?: object; readonly [name: string]: unknown },
  ): Promise<unknown> {
    const { push } = settings;
    const patient = push === undefined ? settings : { ...settings, push: { timeoutMs: 60_000, ...push } };
    return this.ok("PUT", subscriptionPath(topic, name), { json: patient });
  }

  publish(topic: string, message: object, headers: Readonly<Record<string, string>> = {}): Promise<PublishedView> {
    return this.ok<PublishedView>("POST", `/v1/topics/${topic}/messages`, { json: message, headers });
  }

  async publishBatch(topic: string, messages: readonly object[]): Promise<readonly PublishedView[]> {
    const answer = await this.ok<{ messages: readonly PublishedView[] }>("POST", `/v1/topics/${topic}/messages/batch`, {
      json: { messages },
    });
    return answer.messages;
  }

  message(id: string): Promise<MessageView> {
    return this.ok<MessageView>("GET", `/v1/messages/${id}`);
  }

  async delivery(id: string, subscription: string): Promise<DeliveryView> {
    const { deliveries } = await this.message(id);
    const found = deliveries.find((delivery) => delivery.subscription === subscription);
    if (found === undefined) throw new Error(`message ${id} has no delivery for ${subscription}`);
    return found;
  }

  async counts(topic: string, name: string): Promise<CountsView> {
    return (await this.ok<{ counts: CountsView }>("GET", subscriptionPath(topic, name))).counts;
  }

  deadLetters(topic: string, name: string): Promise<Page<DeadLetterView>> {
    return this.ok<Page<DeadLetterView>>("GET", `${subscriptionPath(topic, name)}/dead-letters`);
  }

  /** Values of /metrics by name, without the series that have labels. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const samples = text.matchAll(/^(?<name>[a-z_]+) (?<value>\S+)$/gm);
    return new Map(Array.from(samples, ({ groups }) => [groups?.["name"] ?? "", Number(groups?.["value"])]));
  }
}

export function subscriptionPath(topic: string, name: string): string {
  return `/v1/topics/${topic}/subscriptions/${name}`;
}
