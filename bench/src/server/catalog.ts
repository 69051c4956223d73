import { Pool } from "undici";

const CONNECTIONS = 32;

/** The few calls that set a scenario up. */
export class Catalog {
  readonly #pool: Pool;

  constructor(origin: string) {
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

  async metricsText(): Promise<string> {
    const { statusCode, body } = await this.#pool.request({ path: "/metrics", method: "GET" });
    const text = await body.text();
    return statusCode === 200 ? text : "";
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async #put(path: string, document: object): Promise<void> {
    const { statusCode, body } = await this.#pool.request({
      path,
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(document),
    });
    const text = await body.text();
    if (statusCode !== 200 && statusCode !== 201) throw new Error(`PUT ${path} was answered ${statusCode}: ${text}`);
  }
}
