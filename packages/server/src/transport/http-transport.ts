import { limits } from "../domain/limits.ts";
import { Deadlines } from "./deadline.ts";
import { Exchange, type ExchangeContext } from "./exchange.ts";
import { createGuardedNetwork, type GuardedNetwork, type NetworkOptions } from "./guarded-network.ts";
import { transportLimits } from "./limits.ts";
import { OriginPools } from "./origin-pools.ts";
import type { Endpoint, PostResult, Transport } from "./port.ts";

export interface HttpTransportOptions extends NetworkOptions {
  readonly connectionsPerOriginMax?: number | undefined;
  /** How long an idle connection is kept when the server sends no `Keep-Alive` header. */
  readonly keepAliveMs?: number | undefined;
  readonly replyBytesMax?: number | undefined;
  readonly replyKeptBytes?: number | undefined;
}

/** Creates the HTTP client with the address guard. Idle connections do not keep the process alive. */
export function createHttpTransport(
  options: HttpTransportOptions = {},
  network: GuardedNetwork = createGuardedNetwork(options),
): Transport {
  return new HttpTransport(options, network);
}

class HttpTransport implements Transport {
  readonly #network: GuardedNetwork;
  readonly #context: ExchangeContext;
  #closing: Promise<void> | null = null;

  constructor(options: HttpTransportOptions, network: GuardedNetwork) {
    this.#network = network;
    const { clock, timers, connect, budget } = network;
    this.#context = {
      clock,
      deadlines: new Deadlines(clock, timers),
      pools: new OriginPools({
        connect,
        budget,
        connectionsPerOriginMax: options.connectionsPerOriginMax ?? transportLimits.connectionsPerOriginMax,
        keepAliveMs: options.keepAliveMs ?? transportLimits.keepAliveMsDefault,
        keepAliveMsMax: transportLimits.keepAliveMsMax,
      }),
      replyBytesMax: options.replyBytesMax ?? limits.replyBytesMax,
      replyKeptBytes: options.replyKeptBytes ?? limits.replyKeptBytes,
    };
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const exchange = new Exchange(this.#context, endpoint, headers, body, done);
    if (this.#closing === null) exchange.start();
    else exchange.end("aborted");
  }

  openSockets(): number {
    return this.#network.sockets.value;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#context.deadlines.abort();
    // Aborted POSTs release their connections and report their results in the next tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#context.pools.closeIdle();
    let cancelTimer: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancelTimer = this.#network.timers.after(transportLimits.closeMsMax, resolve);
    });
    await Promise.race([this.#network.sockets.none(), tooLong]);
    cancelTimer?.();
  }
}
