import { Pool } from "undici";
import { cmqTarget, signedForm } from "../load/signed-form.ts";
import type { Target } from "../load/target.ts";
import type { KeyPair } from "../load/signed-form.ts";

const CONNECTIONS = 32;

/** A client of the native API, with the few calls that prepare a scenario. */
export class Catalog {
  readonly #pool: Pool;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  /** `account`: null for the default account. */
  constructor(origin: string, account: string | null = null) {
    this.#origin = origin;
    this.#headers = account === null ? {} : { "ringback-account": account };
    this.#pool = new Pool(origin, { connections: CONNECTIONS });
  }

  async putTopic(topic: string): Promise<void> {
    await this.#json("PUT", `/v1/topics/${topic}`, {});
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#json("DELETE", `/v1/topics/${topic}`);
  }

  async putAccount(account: string): Promise<void> {
    await this.#json("PUT", `/v1/accounts/${account}`, {});
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
    const document = { push: { url, protocol }, maxInFlight };
    await this.#json("PUT", subscriptionPath(topic, subscription), document);
  }

  async patchSubscription(topic: string, subscription: string, changes: object): Promise<void> {
    await this.#json("PATCH", subscriptionPath(topic, subscription), changes);
  }

  async putHook(hook: string, url: string): Promise<void> {
    await this.#json("PUT", `/v1/hooks/${hook}`, { urls: [url], protocol: "koipy" });
  }

  async putInbox(inbox: string): Promise<void> {
    await this.#json("PUT", `/v1/inboxes/${inbox}`, {});
  }

  async createKeyPair(): Promise<KeyPair> {
    const { secretId, secretKey } = await this.#json<KeyPair>("POST", "/v1/api-keys", { name: "bench" });
    return { secretId, secretKey };
  }

  async pause(topic: string, subscription: string): Promise<void> {
    await this.#json("POST", `${subscriptionPath(topic, subscription)}/pause`);
  }

  async resume(topic: string, subscription: string): Promise<void> {
    await this.#json("POST", `${subscriptionPath(topic, subscription)}/resume`);
  }

  /** Starts a replay of a whole topic, as fast as the server allows. Returns its id. */
  async startReplay(topic: string, subscription: string): Promise<string> {
    const path = `${subscriptionPath(topic, subscription)}/replays`;
    return (await this.#json<{ readonly id: string }>("POST", path, { from: "oldest", perSecond: null })).id;
  }

  /** Returns how many copies the replay has sent. */
  async cancelReplay(id: string): Promise<number> {
    await this.#json("DELETE", `/v1/replays/${id}`);
    return (await this.#json<{ readonly sent: number }>("GET", `/v1/replays/${id}`)).sent;
  }

  async backlog(topic: string, subscription: string): Promise<number> {
    const path = subscriptionPath(topic, subscription);
    return (await this.#json<{ counts: { backlog: number } }>("GET", path)).counts.backlog;
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
    const document = { name: "bench", role: "publish" };
    return (await this.#json<{ readonly token: string }>("POST", "/v1/api-keys", document)).token;
  }

  async metricsText(): Promise<string> {
    const { statusCode, body } = await this.#pool.request({ path: "/metrics", method: "GET" });
    const text = await body.text();
    return statusCode === 200 ? text : "";
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the type of the reply, named at the call
  async #json<T>(method: "GET" | "PUT" | "PATCH" | "POST" | "DELETE", path: string, document?: object): Promise<T> {
    const { statusCode, body } = await this.#pool.request({
      path,
      method,
      headers: { ...this.#headers, ...(document !== undefined && { "content-type": "application/json" }) },
      ...(document !== undefined && { body: JSON.stringify(document) }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`${method} ${path} was answered ${statusCode}: ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }
}

function subscriptionPath(topic: string, subscription: string): string {
  return `/v1/topics/${topic}/subscriptions/${subscription}`;
}
