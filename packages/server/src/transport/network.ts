import { systemTimers } from "../domain/ports.ts";
import { type AddressPolicy, createAddressGuard } from "./address-guard.ts";
import { ConnectionBudget } from "./connection-budget.ts";
import { type Connect, createConnector } from "./connector.ts";
import { Deadlines } from "./deadline.ts";
import type { DirectRule } from "./direct-rule.ts";
import type { EgressProxy } from "./egress-proxy.ts";
import { transportLimits } from "./limits.ts";
import { NameCache, type NameResolver, systemResolver } from "./name-cache.ts";
import { SocketCount } from "./socket-count.ts";
import { openTcp, type OpenSocket } from "./tcp-connect.ts";
import { type Clock, steadyClock, type Timers } from "./time.ts";

export interface NetworkOptions extends AddressPolicy {
  /**
   * PEM certificates that are trusted in addition to Node's. An invalid certificate leads to the error
   * `invalid_request`.
   */
  readonly caPem?: string | undefined;
  readonly connectionsMax?: number | undefined;
  /** All connections go through this proxy, except to targets for which `isDirect` returns true. */
  readonly proxy?: EgressProxy | undefined;
  readonly isDirect?: DirectRule | undefined;
  readonly resolver?: NameResolver | undefined;
  readonly open?: OpenSocket | undefined;
  readonly clock?: Clock | undefined;
  readonly timers?: Timers | undefined;
}

/**
 * Opens the connections of all schemes. They share one address guard, name cache, connection budget and socket count.
 */
export interface Network {
  readonly connect: Connect;
  readonly budget: ConnectionBudget;
  readonly sockets: SocketCount;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly deadlines: Deadlines;
}

export function createNetwork(options: NetworkOptions): Network {
  const clock = options.clock ?? steadyClock;
  const timers = options.timers ?? systemTimers;
  const sockets = new SocketCount();
  const connect = createConnector({
    guard: createAddressGuard(options),
    names: new NameCache({ resolver: options.resolver ?? systemResolver, clock }),
    timers,
    clock,
    sockets,
    open: options.open ?? openTcp,
    caPem: options.caPem,
    proxy: options.proxy ?? null,
    isDirect: options.isDirect ?? (() => false),
  });
  const budget = new ConnectionBudget(options.connectionsMax ?? transportLimits.connectionsMax);
  return { connect, budget, sockets, clock, timers, deadlines: new Deadlines(clock, timers) };
}
