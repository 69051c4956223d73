import { createRequire } from "node:module";
import type { KeyPair } from "./account.ts";
import type { CmqAnswer, Method } from "./signed-caller.ts";

type Value = string | number | readonly string[];

/** The part of qcloudapi-sdk that tests use. The package has no types. */
interface QcloudApi {
  request(data: object, callback: (error: Error | null, answer: CmqAnswer) => void): void;
}

const Client = createRequire(import.meta.url)("qcloudapi-sdk") as new (defaults: object) => QcloudApi;

/**
 * Number of requests so far. Each request contains the number as a parameter that the server ignores. The SDK chooses
 * nonces from 65,536 numbers, so without the parameter two equal requests within one second could be identical. The
 * server would refuse the second request as a replay.
 */
let calls = 0;

export interface QcloudOptions {
  readonly method: Method;
  readonly signatureMethod: "sha1" | "sha256";
}

/** The official SDK with the settings that its users must set, and with no others. */
export class Qcloud {
  readonly #api: QcloudApi;

  constructor(url: string, { secretId, secretKey }: KeyPair, { method, signatureMethod }: QcloudOptions) {
    const { host } = new URL(url);
    const common = { SecretId: secretId, SecretKey: secretKey, Region: "gz" };
    this.#api = new Client({ ...common, host, protocol: "http", method, signatureMethod });
  }

  call(action: string, data: Readonly<Record<string, Value>> = {}): Promise<CmqAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<CmqAnswer>();
    this.#api.request({ Action: action, callNumber: ++calls, ...data }, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
    return promise;
  }

  async ok(action: string, data: Readonly<Record<string, Value>> = {}): Promise<CmqAnswer> {
    const answer = await this.call(action, data);
    if (answer.code !== 0) throw new Error(`${action} was answered ${JSON.stringify(answer)}`);
    return answer;
  }
}
