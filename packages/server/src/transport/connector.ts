import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { AddressGuard } from "./address-guard.ts";
import { describeError, TransportFailure } from "./failure.ts";
import type { NameCache } from "./name-cache.ts";
import { trustedContext } from "./secure-context.ts";
import { type Connected, connectTcp, type TcpOptions } from "./tcp-connect.ts";

/** Host and port of an origin. */
export interface HostAndPort {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Opens one connection, including TLS. The returned function cancels the opening; then `done` is not called. */
export type Connect = (target: HostAndPort, done: Connected) => () => void;

export interface ConnectorOptions extends TcpOptions {
  readonly guard: AddressGuard;
  readonly names: NameCache;
  /** Certificates that are trusted in addition to Node's. */
  readonly caPem: string | undefined;
}

/** Returns null if the text is not a URL. */
export function parseOrigin(origin: string): HostAndPort | null {
  const url = URL.parse(origin);
  if (url === null) return null;
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || (secure ? 443 : 80), secure };
}

/**
 * Connects in four steps: look up the name, check its addresses with the guard, open TCP, start TLS. The name is looked
 * up only once and the socket connects to a checked address. So DNS rebinding, a change of the addresses between two
 * lookups, has no effect. One denied address denies the whole name, because a mixture of public and private addresses
 * is an attack or a mistake.
 */
export function createConnector(options: ConnectorOptions): Connect {
  const secureContext = trustedContext(options.caPem);

  return (target, done) => {
    let cancel = nothingToCancel;
    let cancelled = false;
    if (isIP(target.hostname) !== 0) connectTo([target.hostname]);
    else {
      const cancelLookup = options.names.lookup(target.hostname, (addresses, fault) => {
        if (cancelled) return;
        if (addresses === null) done(new TransportFailure("dns_failed", fault), null);
        else connectTo(addresses);
      });
      // With a cached result the next step has begun already, and `cancel` is the function that cancels that step.
      if (cancel === nothingToCancel) cancel = cancelLookup;
    }
    return () => {
      cancelled = true;
      cancel();
    };

    function connectTo(addresses: readonly string[]): void {
      const denied = addresses.find((address) => !options.guard(address));
      if (denied !== undefined) return done(new TransportFailure("address_denied", deniedDetail(target, denied)), null);
      cancel = connectTcp(addresses, target.port, options, (failure, socket, peer) => {
        if (failure !== null) options.names.unreachable(target.hostname);
        if (socket === null || !target.secure) return done(failure, socket, peer);
        cancel = startTls(socket, target.hostname, secureContext(), (tlsFailure, tlsSocket) =>
          done(tlsFailure, tlsSocket, peer),
        );
      });
    }
  };
}

function startTls(raw: Socket, hostname: string, secureContext: tls.SecureContext, done: Connected): () => void {
  const socket = tls.connect({
    socket: raw,
    secureContext,
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    // The certificate must be valid for the URL's host. SNI is not allowed for IP addresses (RFC 6066 section 3).
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

function nothingToCancel(): void {}
