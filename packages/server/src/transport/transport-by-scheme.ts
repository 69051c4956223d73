import { limits } from "../domain/limits.ts";
import { Exchange } from "./exchange.ts";
import { transportLimits } from "./limits.ts";
import { createNetwork, type NetworkOptions } from "./network.ts";
import { poolKeyOf, OriginPools } from "./origin-pool.ts";
import type { Endpoint, Transport } from "./port.ts";
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
 * Creates the transport for HTTP, TCP and WebSockets. The scheme of an endpoint's URL selects one of the three. All use
 * the same guarded network. Idle connections do not keep the process alive.
 */
export function createTransport(options: TransportOptions = {}): Transport {
  const network = createNetwork(options);
  const pools = new OriginPools({
    ...network,
    connectionsPerOriginMax: options.connectionsPerOriginMax ?? transportLimits.connectionsPerOriginMax,
    keepAliveMs: options.keepAliveMs ?? transportLimits.keepAliveMsDefault,
  });
  const { replyBytesMax = limits.replyBytesMax, replyKeptBytes = limits.replyKeptBytes } = options;
  const http = { ...network, pools, replyBytesMax, replyKeptBytes };
  /** The key is that of the connections, with the path. */
  const links = new Map<string, WebSocketLink>();
  let closing: Promise<void> | null = null;

  function linkTo(endpoint: Endpoint): WebSocketLink {
    const key = `${poolKeyOf(endpoint)} ${endpoint.path}`;
    const known = links.get(key);
    if (known !== undefined) return known;
    const link = new WebSocketLink(endpoint, network, () => {
      if (links.get(key) === link) links.delete(key);
    });
    if (closing === null) links.set(key, link);
    return link;
  }

  async function closeAll(): Promise<void> {
    network.deadlines.abort();
    for (const link of links.values()) link.end();
    links.clear();
    // Aborted POSTs release their connections and report their results in the next tick. POSTs that have just ended can
    // release theirs one immediate later.
    for (let immediates = 0; immediates < 2; immediates++) await new Promise<void>((resolve) => setImmediate(resolve));
    pools.closeIdle();
    let cancelTimer: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancelTimer = network.timers.after(transportLimits.closeMsMax, resolve);
    });
    await Promise.race([network.sockets.none(), tooLong]);
    cancelTimer?.();
  }

  return {
    post(endpoint, headers, body, done) {
      const { origin } = endpoint;
      const post = origin.startsWith("http")
        ? new Exchange(http, endpoint, headers, body, done)
        : origin.startsWith("tcp:")
          ? new TcpPost(network, endpoint, body, done)
          : new WebSocketPost(network, linkTo(endpoint), endpoint, body, done);
      if (closing === null) post.start();
      else post.end("aborted");
    },
    openSockets: () => network.sockets.value,
    close: () => (closing ??= closeAll()),
  };
}
