import { SeededRandom } from "../../engine/testing/seeded-random.ts";

export interface ProgramRequest {
  readonly method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  readonly url: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ProgramAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends a request with the API key of the program's account. */
export type SendRequest = (request: ProgramRequest) => Promise<ProgramAnswer>;

/** Members of answers that are random by design. Their values are replaced by the order of their first appearance. */
const randomMembers = new Set([
  "id",
  "ids",
  "messageId",
  "receiptHandle",
  "token",
  "secretId",
  "secretKey",
  "next",
  "receivePath",
]);
const secret = Buffer.alloc(32, 1).toString("base64url");
const unknownHandle = "r1-1-1-1-1";
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const namesOf = (noun: string): [string, string] => [`${noun}0`, `${noun}1`];
const [topics, subscriptions, others] = [namesOf("topic"), namesOf("reader"), namesOf("thing")];

/**
 * A random program that uses everything in the API that one account can use. It decides by its seed and by the answers
 * alone. `observations` are all answers, whose random ids are replaced.
 */
export class AccountProgram {
  readonly observations: string[] = [];
  /** Ids of everything that the program has seen. */
  readonly seenIds = new Set<string>();
  readonly #random: SeededRandom;
  readonly #send: SendRequest;
  readonly #placeholders = new Map<string, string>();
  readonly #tags = new Map<string, string>();
  #messageIds: string[] = [];
  #handles: string[] = [];
  #keyIds: string[] = [];
  #letterIds: string[] = [];
  #cursor: string | null = null;

  constructor(seed: number, send: SendRequest) {
    this.#random = new SeededRandom(seed);
    this.#send = send;
  }

  /** Makes one to three requests. */
  async step(): Promise<void> {
    const random = this.#random;
    const topic = `/v1/topics/${random.pick(topics)}`;
    const reader = `${topic}/subscriptions/${random.pick(subscriptions)}`;
    const other = random.pick(others);
    const retentionMs = 60_000 * (1 + random.upTo(3));
    await random.pick<() => Promise<unknown>>([
      () => this.#call("PUT", topic, { retentionMs, labels: { size: String(random.upTo(1)) } }),
      () => this.#call("PUT", topic, { retentionMs }),
      () => this.#call("PUT", topic, { retentionMs }),
      () => this.#call("PUT", reader, { pull: {} }),
      () => this.#call("PUT", reader, { pull: {} }),
      () => this.#call("PATCH", topic, { description: `text ${random.upTo(9)}` }, this.#condition(topic)),
      () => this.#call("DELETE", topic, undefined, this.#condition(topic)),
      () => this.#call("GET", topic),
      () => this.#list(`/v1/topics`),
      () => this.#list(`${topic}/subscriptions`),
      () => this.#call("PUT", reader, { pull: { visibilityMs: 1_000 }, labels: { a: "b" } }),
      () => this.#call("PUT", reader, { pull: {}, filter: { tags: ["red"] } }),
      () => this.#call("PUT", reader, { push: { url: "http://127.0.0.1:9/" }, order: "key" }, this.#condition(reader)),
      () => this.#call("GET", reader),
      () => this.#call("DELETE", reader, undefined, this.#condition(reader)),
      () => this.#call("POST", `${reader}/${random.pick(["pause", "resume", "pause"])}`),
      () => this.#publish(topic),
      () => this.#publish(topic),
      () => this.#batch(topic),
      () => this.#call("GET", `/v1/messages/${this.#known(this.#messageIds, "1099511627777")}`),
      () => this.#pull(reader),
      () => this.#pull(reader),
      () => this.#call("POST", `${reader}/ack`, { receiptHandles: [this.#known(this.#handles, unknownHandle)] }),
      () => this.#call("POST", `${reader}/nack`, { receiptHandles: [this.#known(this.#handles, unknownHandle)] }),
      () => this.#list(`${reader}/attempts`),
      () => this.#list(`${reader}/dead-letters`),
      () => this.#list(`${topic}/messages`),
      () => this.#list("/v1/dead-letters"),
      () => this.#list("/v1/subscriptions"),
      () => this.#call("GET", `${reader}/dead-letters/${this.#known(this.#letterIds, "1")}`),
      () => this.#call("PUT", `/v1/hooks/${other}`, { urls: ["http://127.0.0.1:9/"] }, this.#condition(other)),
      () => this.#call("GET", `/v1/hooks/${other}`),
      () => this.#call("DELETE", `/v1/hooks/${other}`),
      () => this.#list("/v1/hooks"),
      () => this.#call("PUT", `/v1/inboxes/${other}`, { messagesMax: 1 + random.upTo(2) }),
      () => this.#call("POST", `/in/${other}`, { sent: random.upTo(9) }),
      () => this.#call("GET", `/in/${other}`),
      () => this.#call("DELETE", `/v1/inboxes/${other}`),
      () => this.#list("/v1/inboxes"),
      () => this.#call("PUT", `/v1/keys/${other}`, { jwk: { kty: "oct", k: secret } }),
      () => this.#call("DELETE", `/v1/keys/${other}`),
      () => this.#list("/v1/keys"),
      () => this.#call("POST", "/v1/api-keys", { name: other, role: "publish" }),
      () => this.#call("DELETE", `/v1/api-keys/${this.#known(this.#keyIds, "AKIDunknown")}`),
      () => this.#call("GET", "/v1/accounts"),
      () => this.#call("GET", "/v1/topics", undefined, { "ringback-account": "someone-else" }),
      () => this.#call("PUT", "/v1/topics/%20", {}),
      () => this.#call("POST", `${topic}/messages`, { unknown: true }),
    ])();
  }

  #known(ids: readonly string[], fallback: string): string {
    return ids.length === 0 ? fallback : (ids[this.#random.upTo(ids.length - 1)] ?? fallback);
  }

  /** Often none, sometimes the last ETag of the resource or an outdated one. */
  #condition(url: string): Record<string, string> {
    const tag = this.#tags.get(url);
    if (tag === undefined || this.#random.chance(0.5)) return {};
    return this.#random.chance(0.8) ? { "if-match": tag } : { "if-none-match": tag };
  }

  async #publish(topic: string): Promise<void> {
    const random = this.#random;
    const key = random.chance(0.3) ? { "idempotency-key": `"k${random.upTo(2)}"` } : {};
    const message = { body: `text ${random.upTo(9)}`, tags: random.chance(0.5) ? ["red"] : [], orderingKey: "a" };
    const { json } = await this.#call("POST", `${topic}/messages`, message, key);
    if (typeof json?.["id"] === "string") this.#messageIds.push(json["id"]);
  }

  async #batch(topic: string): Promise<void> {
    const messages = Array.from({ length: 1 + this.#random.upTo(3) }, (_, index) => ({ body: { index } }));
    const { json } = await this.#call("POST", `${topic}/messages/batch`, { messages });
    for (const { id } of (json?.["messages"] ?? []) as { id: string }[]) this.#messageIds.push(id);
  }

  async #pull(reader: string): Promise<void> {
    const { json } = await this.#call("POST", `${reader}/pull`, { messagesMax: 1 + this.#random.upTo(2) });
    for (const { receiptHandle } of (json?.["messages"] ?? []) as { receiptHandle: string }[]) {
      this.#handles.push(receiptHandle);
    }
  }

  /** Reads up to two pages. */
  async #list(url: string): Promise<void> {
    for (let pages = 0; pages < 2; pages++) {
      const after = this.#cursor === null ? "" : `&after=${this.#cursor}`;
      const { json } = await this.#call("GET", `${url}?limit=${1 + this.#random.upTo(1)}${after}`);
      this.#cursor = (json?.["next"] ?? null) as string | null;
      if (this.#cursor === null) return;
      if (url.endsWith("dead-letters")) {
        this.#letterIds.push(...((json?.["items"] ?? []) as { id: string }[]).map(({ id }) => id));
      }
    }
    if (this.#random.chance(0.8)) this.#cursor = null;
  }

  async #call(
    method: ProgramRequest["method"],
    url: string,
    json?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly json: Record<string, unknown> | null }> {
    const request = { method, url, headers, ...(json === undefined ? {} : { json }) };
    const answer = await this.#send(request);
    // A text with a random part has another length.
    const { date: _date, "content-length": _length, etag, "ringback-message-id": messageId, ...shown } = answer.headers;
    if (etag !== undefined) this.#tags.set(url, etag);
    const parsed = /json/.test(shown["content-type"] ?? "") ? (JSON.parse(answer.body) as unknown) : answer.body;
    const object = typeof parsed === "object" ? (parsed as Record<string, unknown> | null) : null;
    if (url === "/v1/api-keys" && typeof object?.["id"] === "string") this.#keyIds.push(object["id"]);
    this.observations.push(
      JSON.stringify([
        method,
        this.#canonicalText(url),
        answer.status,
        shown,
        etag === undefined ? null : this.#canonicalText(etag),
        messageId === undefined ? null : this.#placeholder(messageId),
        this.#canonical(parsed),
      ]),
    );
    return { json: object };
  }

  #canonical(value: unknown, member = ""): unknown {
    if (typeof value === "string") {
      if (timeForm.test(value)) return "time";
      if (!randomMembers.has(member)) return this.#canonicalText(value);
      // The cursor of a list may contain nothing but names.
      if (member !== "next" && value !== unknownHandle) this.seenIds.add(value);
      return this.#placeholder(value);
    }
    if (Array.isArray(value)) return value.map((one) => this.#canonical(one, member));
    if (typeof value !== "object" || value === null) return member === "durationMs" ? 0 : value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#canonical(one, name)]));
  }

  #placeholder(id: string): string {
    let known = this.#placeholders.get(id);
    if (known === undefined) this.#placeholders.set(id, (known = `#${this.#placeholders.size + 1}`));
    return known;
  }

  /** Replaces ETags, and ids that were seen before. */
  #canonicalText(text: string): string {
    const withoutTags = text.replace(
      /"(\d+)-(\d+)"/g,
      (_tag, id: string, version) => `"${this.#placeholder(id)}-${version}"`,
    );
    // The cursor of a page can be short.
    return withoutTags.replace(/[\w-]{13,}|(?<=&after=)[\w-]+/g, (word) => this.#placeholders.get(word) ?? word);
  }
}
