import { createHmac, randomInt } from "node:crypto";
import { Agent, request } from "node:http";
import type { KeyPair } from "./account.ts";

export type Parameters = Readonly<Record<string, string | number>>;
export type Method = "GET" | "POST";

/** An answer of API 2.0. Further members depend on the action. */
export interface CmqAnswer {
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  readonly msgId?: string;
  readonly msgBody?: string;
  readonly receiptHandle?: string;
  readonly nextVisibleTime?: number;
  readonly dequeueCount?: number;
  readonly [member: string]: unknown;
}

export const apiPath = "/v2/index.php";

/** Each process counts from a random number, so that equal requests of two receivers do not look like a replay. */
let nonce = randomInt(2 ** 47);

/**
 * Returns the parameters that every request has in addition to those of its action. Each call returns another nonce.
 */
export function commonParameters({ secretId }: KeyPair): Parameters {
  return {
    Region: "gz",
    SecretId: secretId,
    SignatureMethod: "HmacSHA256",
    Timestamp: Math.floor(Date.now() / 1000),
    Nonce: ++nonce,
  };
}

/** Signs as CMQ's documents say. The code is independent of the server's code. */
export function signatureOf(pair: KeyPair, method: Method, host: string, parameters: Parameters): string {
  const text = Object.keys(parameters)
    .sort()
    .map((key) => `${key.replaceAll("_", ".")}=${parameters[key]}`)
    .join("&");
  const algorithm = parameters["SignatureMethod"] === "HmacSHA256" ? "sha256" : "sha1";
  return createHmac(algorithm, pair.secretKey).update(`${method}${host}${apiPath}?${text}`).digest("base64");
}

export function formOf(parameters: Parameters): string {
  return Object.entries(parameters)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join("&");
}

export function signedForm(
  pair: KeyPair,
  host: string,
  action: string,
  parameters: Parameters,
  method: Method = "POST",
): string {
  const all = { ...commonParameters(pair), Action: action, ...parameters };
  return formOf({ ...all, Signature: signatureOf(pair, method, host, all) });
}

/** A client for requests that no SDK sends: many at once, abandoned ones and wrong ones. */
export class SignedCaller implements Disposable {
  readonly #url: URL;
  readonly #pair: KeyPair;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(url: string, pair: KeyPair) {
    this.#url = new URL(url);
    this.#pair = pair;
  }

  /** Signs and sends a request, and returns its answer, even if the answer is an error. */
  call(action: string, parameters: Parameters = {}, options: CallOptions = {}): Promise<CmqAnswer> {
    const { method = "POST" } = options;
    return this.send(method, signedForm(this.#pair, this.#url.host, action, parameters, method), options);
  }

  /** Signs and sends a request, and throws when the answer is an error. */
  async ok(action: string, parameters: Parameters = {}, options: CallOptions = {}): Promise<CmqAnswer> {
    const answer = await this.call(action, parameters, options);
    if (answer.code !== 0) throw new Error(`${action} was answered ${answer.code}: ${answer.message}`);
    return answer;
  }

  /**
   * Sends the form unchanged. Throws unless the HTTP status is 200, because CMQ's clients treat any other status as a
   * network error.
   */
  async send(method: string, form: string, { signal }: CallOptions = {}): Promise<CmqAnswer> {
    const { status, text } = await this.#exchange(method, form, signal);
    if (status !== 200) throw new Error(`HTTP ${status}: ${text}`);
    return JSON.parse(text) as CmqAnswer;
  }

  #exchange(method: string, form: string, signal: AbortSignal | undefined): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const isQuery = method === "GET";
    const headers = isQuery ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const url = `${this.#url.origin}${apiPath}${isQuery ? `?${form}` : ""}`;
    const sent = request(url, { method, agent: this.#agent, headers, ...(signal && { signal }) }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text })).on("error", reject);
    });
    sent.on("error", reject).end(isQuery ? undefined : form);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

export interface CallOptions {
  readonly method?: Method;
  readonly signal?: AbortSignal;
}
