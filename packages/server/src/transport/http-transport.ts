import { limits } from "../domain/limits.ts";
import { systemTimers } from "../domain/ports.ts";
import { createAddressGuard } from "./address-guard.ts";
import { ConnectionBudget } from "./connection-budget.ts";
import { createConnector } from "./connector.ts";
import { Deadlines } from "./deadline.ts";
import { Exchange, type ExchangeSetting } from "./exchange.ts";
import { transportLimits } from "./limits.ts";
import { NameCache, type NameResolver, systemResolver } from "./name-cache.ts";
import { OriginPools } from "./origin-pools.ts";
import type { Endpoint, PostResult, Transport } from "./port.ts";
import { SocketCount } from "./socket-count.ts";
import { openTcp } from "./tcp-connect.ts";
import { type Clock, steadyClock, type Timers } from "./time.ts";

export interface HttpTransportOptions {
  /** Endpoints may be in private networks. Default false. */
  readonly allowPrivateNetworks?: boolean | undefined;
  /** Addresses and networks (CIDR) that are open in any case. Throws `invalid_request` when one is neither. */
  readonly allowedAddresses?: readonly string[] | undefined;
  /** Certificates trusted beside the usual ones, PEM. Throws `invalid_request` when one cannot be read. */
  readonly caPem?: string | undefined;
  readonly connectionsMax?: number | undefined;
  readonly connectionsPerOriginMax?: number | undefined;
  /** How long an idle connection is kept when the server gives no hint. */
  readonly keepAliveMs?: number | undefined;
  readonly replyBytesMax?: number | undefined;
  readonly replyKeptBytes?: number | undefined;
  readonly resolver?: NameResolver | undefined;
  readonly clock?: Clock | undefined;
  readonly timers?: Timers | undefined;
}

/** The guarded HTTP client. It holds nothing open while nothing is in flight, save idle connections that hold no process. */
export function createHttpTransport(options: HttpTransportOptions = {}): Transport {
  return new HttpTransport(options);
}

class HttpTransport implements Transport {
  private readonly timers: Timers;
  private readonly sockets = new SocketCount();
  private readonly setting: ExchangeSetting;
  private closing: Promise<void> | null = null;

  constructor(options: HttpTransportOptions) {
    const clock = options.clock ?? steadyClock;
    this.timers = options.timers ?? systemTimers;
    const connect = createConnector({
      guard: createAddressGuard({
        allowPrivateNetworks: options.allowPrivateNetworks ?? false,
        allowedAddresses: options.allowedAddresses ?? [],
      }),
      names: new NameCache({ resolver: options.resolver ?? systemResolver, clock }),
      timers: this.timers,
      sockets: this.sockets,
      open: openTcp,
      caPem: options.caPem,
    });
    this.setting = {
      clock,
      deadlines: new Deadlines(clock, this.timers),
      pools: new OriginPools({
        connect,
        budget: new ConnectionBudget(options.connectionsMax ?? transportLimits.connectionsMax),
        connectionsPerOriginMax: options.connectionsPerOriginMax ?? transportLimits.connectionsPerOriginMax,
        keepAliveMs: options.keepAliveMs ?? transportLimits.keepAliveMsDefault,
        keepAliveMsMax: transportLimits.keepAliveMsMax,
      }),
      replyBytesMax: options.replyBytesMax ?? limits.replyBytesMax,
      replyKeptBytes: options.replyKeptBytes ?? limits.replyKeptBytes,
    };
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    const exchange = new Exchange(this.setting, endpoint, headers, body, done);
    if (this.closing === null) exchange.start();
    else exchange.end("aborted");
  }

  openSockets(): number {
    return this.sockets.value;
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.setting.deadlines.abort();
    // The aborted give their connections back, and their results out, in the next tick.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.setting.pools.closeIdle();
    let cancelTimer: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancelTimer = this.timers.after(transportLimits.closeMsMax, resolve);
    });
    await Promise.race([this.sockets.none(), tooLong]);
    cancelTimer?.();
  }
}
