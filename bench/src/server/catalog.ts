import { createClient, type components, type Fetch, type RingbackClient } from "@ringback/sdk/client";
import { Pool, fetch } from "undici";
import { cmqTarget, signedForm } from "../load/signed-form.ts";
import type { Target } from "../load/target.ts";
import type { KeyPair } from "../load/signed-form.ts";

const CONNECTIONS = 32;
const SUBSCRIPTION = "/v1/topics/{topic}/subscriptions/{subscription}";

/** The few calls that prepare a scenario. */
export class Catalog {
  readonly #pool: Pool;
  readonly #origin: string;
  readonly #client: RingbackClient;
  readonly #headers: Readonly<Record<string, string>>;

  /** `account`: null for the default account. */
  constructor(origin: string, account: string | null = null) {
    this.#origin = origin;
    this.#headers = account === null ? {} : { "ringback-account": account };
    this.#pool = new Pool(origin, { connections: CONNECTIONS });
    const pooled = (init: RequestInit): object => ({ ...init, dispatcher: this.#pool });
    const send = ((url, init) => fetch(url, pooled(init))) as Fetch;
    this.#client = createClient({ url: origin, headers: this.#headers, fetch: send, retriesMax: 0 });
  }

  async putTopic(topic: string): Promise<void> {
    await this.#client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: {} });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#client.delete("/v1/topics/{topic}", { params: { path: { topic } } });
  }

  async putAccount(account: string): Promise<void> {
    await this.#client.put("/v1/accounts/{account}", { params: { path: { account } }, body: {} });
  }

  /** Sends one request. Throws if it is not accepted. */
  async send({ path, body, okStatus }: Target): Promise<void> {
    const headers = { "content-type": "application/json", ...this.#headers };
    const reply = await this.#pool.request({ path, method: "POST", headers, body: Buffer.from(body) });
    const text = await reply.body.text();
    if (reply.statusCode !== okStatus) throw new Error(`${path} was answered ${reply.statusCode}: ${text}`);
  }

  async putSubscription(
    topic: string,
    subscription: string,
    url: string,
    maxInFlight: number,
    protocol = "raw",
  ): Promise<void> {
    const body = { push: { url, protocol }, maxInFlight };
    await this.#client.put(SUBSCRIPTION, { params: { path: { topic, subscription } }, body });
  }

  async patchSubscription(
    topic: string,
    subscription: string,
    changes: components["schemas"]["SubscriptionPatch"],
  ): Promise<void> {
    await this.#client.patch(SUBSCRIPTION, { params: { path: { topic, subscription } }, body: changes });
  }

  async putHook(hook: string, url: string): Promise<void> {
    await this.#client.put("/v1/hooks/{hook}", {
      params: { path: { hook } },
      body: { urls: [url], protocol: "koipy" },
    });
  }

  async putInbox(inbox: string): Promise<void> {
    await this.#client.put("/v1/inboxes/{inbox}", { params: { path: { inbox } }, body: {} });
  }

  async createKeyPair(): Promise<KeyPair> {
    const { secretId, secretKey } = await this.#client.post("/v1/api-keys", { body: { name: "bench" } });
    if (secretKey === null) throw new Error("the new API key has no secretKey");
    return { secretId, secretKey };
  }

  async pause(topic: string, subscription: string): Promise<void> {
    await this.#client.post(`${SUBSCRIPTION}/pause`, { params: { path: { topic, subscription } } });
  }

  async resume(topic: string, subscription: string): Promise<void> {
    await this.#client.post(`${SUBSCRIPTION}/resume`, { params: { path: { topic, subscription } } });
  }

  /** Starts a replay of a whole topic, as fast as the server allows. Returns its id. */
  async startReplay(topic: string, subscription: string): Promise<string> {
    const body = { from: "oldest", perSecond: null } as const;
    const replay = await this.#client.post(`${SUBSCRIPTION}/replays`, {
      params: { path: { topic, subscription } },
      body,
    });
    if (!("id" in replay)) throw new Error("the replay was not started");
    return replay.id;
  }

  /** Returns how many copies the replay has sent. */
  async cancelReplay(id: string): Promise<number> {
    const params = { path: { id } };
    await this.#client.delete("/v1/replays/{id}", { params });
    return (await this.#client.get("/v1/replays/{id}", { params })).sent;
  }

  async backlog(topic: string, subscription: string): Promise<number> {
    return (await this.#client.get(SUBSCRIPTION, { params: { path: { topic, subscription } } })).counts.backlog;
  }

  async createQueue(keyPair: KeyPair, queueName: string): Promise<void> {
    const form = signedForm(this.#origin, keyPair, "CreateQueue", { queueName });
    const { path, headers } = cmqTarget;
    const { body } = await this.#pool.request({ path, method: "POST", headers, body: form });
    const { code, message } = (await body.json()) as { code: number; message: string };
    if (code !== 0) throw new Error(`CreateQueue was answered ${code}: ${message}`);
  }

  /** Creates an API key that may publish, and returns its token. The server stays open to requests without a key. */
  async createPublishKey(): Promise<string> {
    const { token } = await this.#client.post("/v1/api-keys", { body: { name: "bench", role: "publish" } });
    if (token === null) throw new Error("the new API key has no token");
    return token;
  }

  async metricsText(): Promise<string> {
    const { statusCode, body } = await this.#pool.request({ path: "/metrics", method: "GET" });
    const text = await body.text();
    return statusCode === 200 ? text : "";
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
