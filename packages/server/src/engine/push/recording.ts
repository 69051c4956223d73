import { isHttpUrl } from "../../domain/endpoint-url-rule.ts";
import type { PushSettings } from "../../domain/model.ts";
import type { Endpoint, PostResult } from "../../transport/port.ts";

/** A request as it was sent. */
export interface SentRequest {
  /** null over WebSocket, TCP and to queues, which get only the body. */
  readonly method: string | null;
  readonly url: string;
  /**
   * Names and values as they were written; before the connection was open, those of the dialect and the subscription.
   * null: the value is a secret.
   */
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  readonly body: Uint8Array;
}

/** Notes the request and the reply of one POST. If the POST is sent again, the last request counts. */
export class Recording {
  readonly #push: PushSettings;
  #sent: { readonly endpoint: Endpoint; readonly headers: readonly string[]; readonly body: Uint8Array } | null = null;
  #head: string | null = null;
  /** null: nothing was sent, or the POST has not ended. */
  result: PostResult | null = null;

  constructor(push: PushSettings) {
    this.#push = push;
  }

  /** Returns the endpoint to which the request must be sent to be noted. */
  observed(endpoint: Endpoint, headers: readonly string[], body: Uint8Array): Endpoint {
    this.#sent = { endpoint, headers, body };
    this.#head = null;
    const headWritten = (head: string): void => void (this.#head = head);
    return { ...endpoint, headWritten, isObserved: true };
  }

  /** null: nothing could be sent. */
  request(): SentRequest | null {
    if (this.#sent === null) return null;
    const { endpoint, headers, body } = this.#sent;
    if (!isHttpUrl(this.#push.url)) return { method: null, url: this.#push.url, headers: [], body };
    const url = `${endpoint.origin}${endpoint.path}`;
    const secrets = secretHeadersOf(this.#push);
    const shown = (name: string, value: string) =>
      [name, secrets.has(name.toLowerCase()) ? null : Buffer.from(value, "latin1").toString()] as const;
    const written = this.#head === null ? pairsOf(headers) : linesOf(this.#head);
    return { method: "POST", url, headers: written.map(([name, value]) => shown(name, value)), body };
  }
}

/** The subscription's own headers are never shown, and its credentials are in `Authorization`. Names in lower case. */
function secretHeadersOf({ headers, auth = null }: PushSettings): ReadonlySet<string> {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return new Set(auth === null ? names : [...names, "authorization"]);
}

/** From name, value, name, value … */
export function pairsOf(headers: readonly string[]): [name: string, value: string][] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ""] as [string, string]] : []));
}

/** The headers of an HTTP head. */
function linesOf(head: string): [name: string, value: string][] {
  const [, ...lines] = head.trimEnd().split("\r\n");
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}
