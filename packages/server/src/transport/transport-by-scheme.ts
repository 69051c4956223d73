import { Deadlines } from "./deadline.ts";
import { createGuardedNetwork, type GuardedNetwork } from "./guarded-network.ts";
import { createHttpTransport, type HttpTransportOptions } from "./http-transport.ts";
import type { Endpoint, PostResult, Transport } from "./port.ts";
import { TcpPost, type TcpContext } from "./tcp-post.ts";
import { WebSocketLink, WebSocketPost } from "./web-socket-link.ts";

/**
 * Creates the transport for HTTP, TCP and WebSockets; the endpoint's scheme decides. All use the same guarded network.
 */
export function createTransport(options: HttpTransportOptions = {}): Transport {
  return new TransportByScheme(options, createGuardedNetwork(options));
}

class TransportByScheme implements Transport {
  readonly #http: Transport;
  readonly #network: GuardedNetwork;
  readonly #oneWay: TcpContext;
  /** The key is the URL. */
  readonly #links = new Map<string, WebSocketLink>();
  #closed = false;

  constructor(options: HttpTransportOptions, network: GuardedNetwork) {
    this.#http = createHttpTransport(options, network);
    this.#network = network;
    const { clock, timers } = network;
    this.#oneWay = { clock, deadlines: new Deadlines(clock, timers), network };
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    if (endpoint.origin.startsWith("http")) this.#http.post(endpoint, headers, body, done);
    else if (endpoint.origin.startsWith("tcp:")) this.#postOverTcp(endpoint, body, done);
    else this.#postOverWebSocket(endpoint, body, done);
  }

  openSockets(): number {
    return this.#http.openSockets();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#oneWay.deadlines.abort();
    for (const link of this.#links.values()) link.end();
    this.#links.clear();
    // The HTTP transport waits until all sockets of the network are closed.
    return this.#http.close();
  }

  #postOverTcp(endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void): void {
    const post = new TcpPost(this.#oneWay, endpoint, body, done);
    if (this.#closed) post.end("aborted");
    else post.start();
  }

  #postOverWebSocket(endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void): void {
    const link = this.#linkTo(endpoint);
    const post = new WebSocketPost(this.#oneWay, link, endpoint, body, done);
    if (this.#closed) post.end("aborted");
    else link.add(post);
  }

  #linkTo(endpoint: Endpoint): WebSocketLink {
    const url = endpoint.origin + endpoint.path;
    const known = this.#links.get(url);
    if (known !== undefined) return known;
    const link = new WebSocketLink(endpoint, this.#network, () => {
      if (this.#links.get(url) === link) this.#links.delete(url);
    });
    if (!this.#closed) this.#links.set(url, link);
    return link;
  }
}
