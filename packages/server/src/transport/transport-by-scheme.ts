import { limits } from "../domain/limits.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { transportLimits } from "./limits.ts";
import { createNetwork, type Network, type NetworkOptions } from "./network.ts";
import { OriginPools } from "./origin-pool.ts";
import type { Endpoint, PostResult, Transport } from "./port.ts";
import { TcpPost } from "./tcp-post.ts";
import { WebSocketLink, WebSocketPost } from "./web-socket-link.ts";

export interface TransportOptions extends NetworkOptions {
  readonly connectionsPerOriginMax?: number | undefined;
  /** How long an idle connection is kept when the server sends no `Keep-Alive` header. */
  readonly keepAliveMs?: number | undefined;
  readonly replyBytesMax?: number | undefined;
  readonly replyKeptBytes?: number | undefined;
}

/**
 * Creates the transport for HTTP, TCP and WebSockets; the endpoint's scheme decides. All use the same guarded network.
 * Idle connections do not keep the process alive.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  return new TransportByScheme(options);
}

class TransportByScheme implements Transport {
  readonly #network: Network;
  readonly #http: ExchangeContext;
  /** The key is the URL. */
  readonly #links = new Map<string, WebSocketLink>();
  #closing: Promise<void> | null = null;

  constructor(options: TransportOptions) {
    this.#network = createNetwork(options);
    this.#http = {
      ...this.#network,
      pools: new OriginPools({
        ...this.#network,
        connectionsPerOriginMax: options.connectionsPerOriginMax ?? transportLimits.connectionsPerOriginMax,
        keepAliveMs: options.keepAliveMs ?? transportLimits.keepAliveMsDefault,
        keepAliveMsMax: transportLimits.keepAliveMsMax,
      }),
      replyBytesMax: options.replyBytesMax ?? limits.replyBytesMax,
      replyKeptBytes: options.replyKeptBytes ?? limits.replyKeptBytes,
    };
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const { origin } = endpoint;
    const post = origin.startsWith("http")
      ? new Exchange(this.#http, endpoint, headers, body, done)
      : origin.startsWith("tcp:")
        ? new TcpPost(this.#network, endpoint, body, done)
        : new WebSocketPost(this.#network, this.#linkTo(endpoint), endpoint, body, done);
    if (this.#closing === null) post.start();
    else post.end("aborted");
  }

  openSockets(): number {
    return this.#network.sockets.value;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#network.deadlines.abort();
    for (const link of this.#links.values()) link.end();
    this.#links.clear();
    // Aborted POSTs release their connections and report their results in the next tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#http.pools.closeIdle();
    let cancelTimer: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancelTimer = this.#network.timers.after(transportLimits.closeMsMax, resolve);
    });
    await Promise.race([this.#network.sockets.none(), tooLong]);
    cancelTimer?.();
  }

  #linkTo(endpoint: Endpoint): WebSocketLink {
    const url = endpoint.origin + endpoint.path;
    const known = this.#links.get(url);
    if (known !== undefined) return known;
    const link = new WebSocketLink(endpoint, this.#network, () => {
      if (this.#links.get(url) === link) this.#links.delete(url);
    });
    if (this.#closing === null) this.#links.set(url, link);
    return link;
  }
}
