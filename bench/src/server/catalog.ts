import { Pool } from "undici";
import { signedForm, signedTarget } from "../cmq/signed-form.ts";

/** What requests to CMQ's API are signed with. */
export interface KeyPair {
  readonly secretId: string;
  readonly secretKey: string;
}

const CONNECTIONS = 32;

/** The few calls that set a scenario up. */
export class Catalog {
  readonly #pool: Pool;
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
    this.#pool = new Pool(origin, { connections: CONNECTIONS });
  }

  putTopic(topic: string): Promise<void> {
    return this.#put(`/v1/topics/${topic}`, {});
  }

  putSubscription(topic: string, subscription: string, url: string, maxInFlight: number): Promise<void> {
    return this.#put(`/v1/topics/${topic}/subscriptions/${subscription}`, {
      push: { url, protocol: "raw" },
      maxInFlight,
    });
  }

  putHook(hook: string, url: string): Promise<void> {
    return this.#put(`/v1/hooks/${hook}`, { urls: [url], protocol: "koipy" });
  }

  async makeKeyPair(): Promise<KeyPair> {
    const { secretId, secretKey } = await this.#json<KeyPair>("POST", "/v1/api-keys", { name: "bench" });
    return { secretId, secretKey };
  }

  async pause(topic: string, subscription: string): Promise<void> {
    await this.#json("POST", `/v1/topics/${topic}/subscriptions/${subscription}/pause`);
  }

  async backlog(topic: string, subscription: string): Promise<number> {
    const path = `/v1/topics/${topic}/subscriptions/${subscription}`;
    return (await this.#json<{ counts: { backlog: number } }>("GET", path)).counts.backlog;
  }

  async createQueue(pair: KeyPair, queueName: string): Promise<void> {
    const body = signedForm({ ...pair, origin: this.#origin }, { Action: "CreateQueue", queueName });
    const { path, headers } = signedTarget;
    const { body: answer } = await this.#pool.request({ path, method: "POST", headers, body });
    const { code, message } = (await answer.json()) as { code: number; message: string };
    if (code !== 0) throw new Error(`CreateQueue was answered ${code}: ${message}`);
  }

  async metricsText(): Promise<string> {
    const { statusCode, body } = await this.#pool.request({ path: "/metrics", method: "GET" });
    const text = await body.text();
    return statusCode === 200 ? text : "";
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #put(path: string, document: object): Promise<void> {
    await this.#json("PUT", path, document);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the answer's shape, named once at the call
  async #json<T>(method: "GET" | "PUT" | "POST", path: string, document?: object): Promise<T> {
    const { statusCode, body } = await this.#pool.request({
      path,
      method,
      ...(document !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(document),
      }),
    });
    const text = await body.text();
    if (statusCode >= 300) throw new Error(`${method} ${path} was answered ${statusCode}: ${text}`);
    return (text === "" ? null : JSON.parse(text)) as T;
  }
}
