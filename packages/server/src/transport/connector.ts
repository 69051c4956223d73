import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { AddressGuard } from "./address-guard.ts";
import type { DirectRule } from "./direct-rule.ts";
import type { EgressProxy } from "./egress-proxy.ts";
import { describeError, TransportFailure } from "./failure.ts";
import type { NameCache } from "./name-cache.ts";
import type { Endpoint } from "./port.ts";
import { connectThroughProxy } from "./proxy-connect.ts";
import { trustedContext } from "./secure-context.ts";
import { Steps } from "./steps.ts";
import { type Connected, connectTcp, type TcpOptions } from "./tcp-connect.ts";
import type { Clock, TimeMs } from "./time.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** Host and port of an origin. */
export interface HostAndPort {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
  /** The endpoint's own TLS settings; null: the server's. */
  readonly tls: TlsIdentity | null;
}

/** When the steps of opening a connection ended; 0: a step has not ended, or did not take place. */
export interface OpeningTimes {
  startedAtMs: TimeMs;
  foundAtMs: TimeMs;
  connectedAtMs: TimeMs;
  securedAtMs: TimeMs;
}

/**
 * Opens one connection, including TLS, and notes when its steps end. The returned function cancels the opening; then
 * `done` is not called.
 */
export type Connect = (target: HostAndPort, done: Connected, times?: OpeningTimes) => () => void;

export const noTimes = { startedAtMs: 0, foundAtMs: 0, connectedAtMs: 0, securedAtMs: 0 } as const;

export interface ConnectorOptions extends TcpOptions {
  readonly guard: AddressGuard;
  readonly names: NameCache;
  /** Certificates that are trusted in addition to Node's. */
  readonly caPem: string | undefined;
  readonly clock: Clock;
  /** null: all connections are direct. */
  readonly proxy: EgressProxy | null;
  readonly isDirect: DirectRule;
}

/** Returns null if the endpoint's origin is not a URL. */
export function targetOf({ origin, tls }: Pick<Endpoint, "origin" | "tls">): HostAndPort | null {
  const url = URL.parse(origin);
  if (url === null) return null;
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  return { hostname, port: Number(url.port) || (secure ? 443 : 80), secure, tls: tls ?? null };
}

/**
 * Connects in four steps: look up the name, check its addresses with the guard, open TCP, start TLS. The name is looked
 * up only once and the socket connects to a checked address. So DNS rebinding, a change of the addresses between two
 * lookups, has no effect. One denied address denies the whole name, because a mixture of public and private addresses
 * is an attack or a mistake. An egress proxy gets a checked address too, never a name.
 */
export function createConnector(options: ConnectorOptions): Connect {
  const secureContext = trustedContext(options.caPem);
  const { guard, names, proxy, isDirect, clock } = options;
  const throughProxy = {
    ...options,
    startTls: (raw: Socket, hostname: string, done: Connected) => startTls(raw, hostname, secureContext(), done),
  };

  return (target, done, times = { ...noTimes }) => {
    times.startedAtMs = clock.now();
    const { hostname, port, secure, tls: identity } = target;
    const steps = new Steps();
    if (isIP(hostname) !== 0) connectTo([hostname]);
    else {
      steps.begin(() =>
        names.lookup(hostname, (addresses, fault) => {
          if (addresses === null) done(new TransportFailure("dns_failed", fault), null);
          else {
            times.foundAtMs = clock.now();
            connectTo(addresses);
          }
        }),
      );
    }
    return steps.cancel;

    function connectTo(addresses: readonly string[]): void {
      const denied = addresses.find((address) => !guard(address));
      if (denied !== undefined) return done(new TransportFailure("address_denied", deniedDetail(target, denied)), null);
      steps.begin(() =>
        proxy === null || isDirect(hostname, addresses)
          ? connectTcp(addresses, port, options, connected)
          : connectThroughProxy(proxy, addresses, port, throughProxy, connected),
      );
    }

    function connected(failure: TransportFailure | null, socket: Socket | null, peer?: string): void {
      if (failure !== null) names.unreachable(hostname);
      else times.connectedAtMs = clock.now();
      if (socket === null || !secure) return done(failure, socket, peer);
      let context: tls.SecureContext;
      try {
        context = identity === null ? secureContext() : identity.context(options.caPem);
      } catch (error) {
        // The key was accepted when it was stored, but not by this version of OpenSSL.
        socket.destroy();
        return done(new TransportFailure("tls_failed", describeError(error as Error)), null);
      }
      const name = identity?.serverName ?? hostname;
      steps.begin(() =>
        startTls(socket, name, context, (tlsFailure, tlsSocket) => {
          if (tlsFailure === null) times.securedAtMs = clock.now();
          done(tlsFailure, tlsSocket, peer);
        }),
      );
    }
  };
}

function startTls(raw: Socket, hostname: string, secureContext: tls.SecureContext, done: Connected): () => void {
  const socket = tls.connect({
    socket: raw,
    secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    // The certificate must be valid for this name. SNI is not allowed for IP addresses (RFC 6066 section 3).
    host: hostname,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
  });
  let finished = false;
  socket.once("secureConnect", () => {
    finished = true;
    done(null, socket);
  });
  socket.on("error", (error) => {
    if (finished) return;
    finished = true;
    socket.destroy();
    raw.destroy();
    done(new TransportFailure("tls_failed", describeError(error)), null);
  });
  return () => {
    finished = true;
    socket.destroy();
    raw.destroy();
  };
}

function deniedDetail({ hostname }: HostAndPort, address: string): string {
  const denied = "a private or reserved address, to which this server does not connect";
  return hostname === address ? `${address} is ${denied}` : `${hostname} has the address ${address}, ${denied}`;
}
