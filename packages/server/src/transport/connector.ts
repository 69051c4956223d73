import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { AddressGuard } from "./address-guard.ts";
import { TransportFailure } from "./failure.ts";
import type { NameCache } from "./name-cache.ts";
import { trustedContext } from "./secure-context.ts";
import { type Connected, connectTcp, type TcpOptions } from "./tcp-connect.ts";

/** Where an origin is, as its URL says. */
export interface Target {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
}

/** Opens one connection, ready for HTTP or what goes without. The returned function gives up, silently. */
export type Connect = (target: Target, done: Connected) => () => void;

export interface ConnectorOptions extends TcpOptions {
  readonly guard: AddressGuard;
  readonly names: NameCache;
  /** Certificates trusted beside the usual ones. */
  readonly caPem: string | undefined;
}

export function parseTarget(origin: string): Target | null {
  const url = URL.parse(origin);
  if (url === null) return null;
  const secure = url.protocol === "https:" || url.protocol === "wss:";
  return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) || (secure ? 443 : 80), secure };
}

/**
 * Name → addresses → guard → TCP → TLS. The name is looked up once and the socket goes to an address that was judged, so a
 * name that changes its answer between two lookups (DNS rebinding) gains nothing. One refused address refuses the whole
 * name: an answer that mixes public and private addresses is either an attack or a mistake, and what it does should not
 * depend on which address happens to answer.
 */
export function createConnector(options: ConnectorOptions): Connect {
  const secureContext = trustedContext(options.caPem);

  return (target, done) => {
    let cancel = nothingToCancel;
    let cancelled = false;
    if (isIP(target.hostname) !== 0) reach([target.hostname]);
    else {
      const cancelLookup = options.names.lookup(target.hostname, (addresses) => {
        if (cancelled) return;
        if (addresses === null) done(new TransportFailure("dns_failed"), null);
        else reach(addresses);
      });
      // A cached answer has gone on to the next step already.
      if (cancel === nothingToCancel) cancel = cancelLookup;
    }
    return () => {
      cancelled = true;
      cancel();
    };

    function reach(addresses: readonly string[]): void {
      if (!addresses.every(options.guard)) return done(new TransportFailure("address_denied"), null);
      cancel = connectTcp(addresses, target.port, options, (failure, socket) => {
        if (failure !== null) options.names.doubt(target.hostname);
        if (socket === null || !target.secure) return done(failure, socket);
        cancel = startTls(socket, target.hostname, secureContext(), done);
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
    // The certificate must be for the URL's host, whatever Host header a subscription adds. An address has no SNI.
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
    done(new TransportFailure("tls_failed", error), null);
  });
  return () => {
    finished = true;
    socket.destroy();
    raw.destroy();
  };
}

function nothingToCancel(): void {}
