/** The API with which programs for the WeChat HTTP API add handlers. Ringback has the same. */
export class WechatGateway {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Adds a handler that POSTs each message to this URL, unless there is one. */
  async addHandler(url: string): Promise<void> {
    const { data } = await this.#post<{ readonly data: readonly { readonly url: string }[] }>({ type: 1003 });
    if (!data.some((handler) => handler.url === url)) await this.#post({ type: 1001, protocol: 2, url });
  }

  async #post<Data>(body: object): Promise<Data> {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${this.#url}/api/`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${await response.text()}`);
    return ((await response.json()) as { readonly data: Data }).data;
  }
}
