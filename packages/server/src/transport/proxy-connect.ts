import { isIP, type Socket } from "node:net";
import type { EgressProxy } from "./egress-proxy.ts";
import type { TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { NameCache } from "./name-cache.ts";
import { openTunnel, proxyFailure } from "./proxy-tunnel.ts";
import { Steps } from "./steps.ts";
import { alternateFamilies, type Connected, connectTcp, hostAndPort, type TcpOptions } from "./tcp-connect.ts";

export interface ProxyConnectOptions extends TcpOptions {
  readonly names: NameCache;
  /** Starts TLS to the proxy itself. */
  readonly startTls: (raw: Socket, hostname: string, done: Connected) => () => void;
}

/**
 * Connects to one of the addresses through the proxy, one after the other. The operator has chosen the proxy, so the
 * guard does not check the proxy's own address. No failure contains that address, because every account sees the
 * details of its attempts. The returned function cancels; then `done` is not called.
 */
export function connectThroughProxy(
  proxy: EgressProxy,
  addresses: readonly string[],
  port: number,
  options: ProxyConnectOptions,
  done: Connected,
): () => void {
  const queue = alternateFamilies(addresses).slice(0, transportLimits.addressesTriedMax);
  const steps = new Steps();
  tryNext(null);
  return steps.cancel;

  function tryNext(last: TransportFailure | null): void {
    const address = queue.shift();
    if (address === undefined) return done(last, null);
    if (isIP(proxy.hostname) !== 0) return connectProxy(address, [proxy.hostname]);
    steps.begin(() =>
      options.names.lookup(proxy.hostname, (found) => {
        if (found === null) done(proxyFailure("has an unknown name"), null);
        else connectProxy(address, found);
      }),
    );
  }

  function connectProxy(address: string, proxyAddresses: readonly string[]): void {
    steps.begin(() =>
      connectTcp(proxyAddresses, proxy.port, options, (failure, raw) => {
        if (raw === null) return done(proxyFailure(`cannot be reached: ${failure?.code}`), null);
        if (!proxy.secure) return askForTunnel(address, raw);
        steps.begin(() =>
          options.startTls(raw, proxy.hostname, (tlsFailure, socket) => {
            if (socket === null) done(proxyFailure(`cannot be reached: ${tlsFailure?.code}`), null);
            else askForTunnel(address, socket);
          }),
        );
      }),
    );
  }

  function askForTunnel(address: string, socket: Socket): void {
    steps.begin(() => {
      const cancel = openTunnel(socket, proxy, { address, port }, options.timers, (failure) => {
        if (failure === null) done(null, socket, hostAndPort(address, port));
        else if (failure.code === "proxy_failed") done(failure, null);
        else tryNext(failure);
      });
      return () => {
        cancel();
        socket.destroy();
      };
    });
  }
}
