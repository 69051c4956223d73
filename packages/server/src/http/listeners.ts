import { once } from "node:events";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";
import { limits } from "../domain/limits.ts";
import { ClientConnections } from "./client-connections.ts";
import type { HttpLimits } from "./http-limits.ts";
import { answerClientError, createHttpServer, tlsOptions } from "./http-server.ts";
import type { CertificatePair, RefusedEarly, ServerState } from "./http-server.ts";
import { arrivedAt, type ListenerName, type OtherListener } from "./listener.ts";
import { createProxyTrust } from "./trusted-proxies.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Undefined: the server has no such listener. */
type Addresses = Partial<Record<OtherListener, Address | undefined>>;

export interface ListenersOptions {
  /** With a certificate, all listeners speak TLS. */
  readonly certificate?: CertificatePair | null;
  /** Networks in CIDR notation. */
  readonly trustedProxies?: readonly string[];
  /** The addresses of the listeners besides `main`. */
  readonly addresses?: Addresses;
  readonly connectionsPerSourceMax?: number;
  /** Called after connections were refused, at most once per second. */
  readonly connectionsRefused?: (source: string, count: number) => void;
  /** Called after a request was refused before the application got it. */
  readonly refusedEarly?: RefusedEarly;
}

/** The parts of the application that the servers of all listeners need. */
interface Application {
  readonly handler: RequestListener;
  readonly limits: HttpLimits;
}

/** The interval at which a closing server closes the connections that have become idle. */
const idleCheckMs = 20;

/** The servers that pass requests to one application. Fastify starts and closes the main server. */
export class Listeners {
  readonly isTrustedProxy: (address: string) => boolean;
  readonly addresses: Addresses;
  readonly #state: ServerState = { stopping: false };
  readonly #connections: ClientConnections;
  readonly #sockets = new Map<Server, ReadonlySet<Socket>>();
  #certificate: CertificatePair | null;
  readonly #refusedEarly: RefusedEarly;
  #application: Application | null = null;

  constructor(options: ListenersOptions = {}) {
    this.#certificate = options.certificate ?? null;
    this.addresses = options.addresses ?? {};
    this.#refusedEarly = options.refusedEarly ?? (() => {});
    this.isTrustedProxy = createProxyTrust(options.trustedProxies ?? []);
    this.#connections = new ClientConnections({
      perSourceMax: options.connectionsPerSourceMax ?? limits.connectionsMax,
      isTrustedProxy: this.isTrustedProxy,
      refused: options.connectionsRefused ?? (() => {}),
    });
  }

  /** Returns the main server, which does not listen yet. */
  createMain(handler: RequestListener, limits: HttpLimits): Server {
    this.#application = { handler, limits };
    return this.#create("main", this.#application);
  }

  /** Starts a listener besides `main`. Returns the address that it listens on, or null if it is not configured. */
  async open(name: OtherListener): Promise<AddressInfo | null> {
    const address = this.addresses[name];
    if (address === undefined) return null;
    if (this.#application === null) throw new Error("the main server must be created first");
    const server = this.#create(name, this.#application);
    const listening = once(server, "listening");
    server.listen(address.port, address.host);
    await listening;
    return server.address() as AddressInfo;
  }

  /** Uses another certificate for new connections. Throws if the certificate and the key do not match. */
  setCertificate(pair: CertificatePair): void {
    this.#certificate = pair;
    for (const server of this.#sockets.keys()) (server as unknown as TlsServer).setSecureContext(tlsOptions(pair));
  }

  /**
   * Closes the listeners besides `main`, and ends all connections. Node itself closes only the connections that are
   * idle at that moment, and then no longer applies its time limits. A connection that becomes idle later would stay
   * open for its keep-alive time, and a connection with half a request for ever.
   */
  async end(main: Server): Promise<void> {
    this.#state.stopping = true;
    const closing: Promise<unknown>[] = [];
    for (const [server, sockets] of this.#sockets) {
      if (!server.listening) continue;
      const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs).unref();
      const limit = setTimeout(() => destroyAll(sockets), this.#application?.limits.closeMsMax).unref();
      server.once("close", () => {
        clearInterval(idle);
        clearTimeout(limit);
      });
      if (server === main) continue;
      closing.push(once(server, "close"));
      server.close();
    }
    await Promise.all(closing);
  }

  /** Closes all connections at once. */
  closeConnections(): void {
    for (const sockets of this.#sockets.values()) destroyAll(sockets);
  }

  #create(name: ListenerName, { handler, limits }: Application): Server {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      arrivedAt(name, request);
      handler(request, response);
    };
    const server = createHttpServer(answer, limits, this.#state, this.#certificate, this.#refusedEarly);
    server.on("clientError", (error: Error, socket: Socket) => {
      const { remoteAddress = "" } = socket;
      const refusal = answerClientError(error, socket);
      if (refusal !== null) this.#refusedEarly(refusal, remoteAddress);
    });
    this.#sockets.set(server, this.#connections.watch(server));
    server.once("close", () => this.#sockets.delete(server));
    return server;
  }
}

function destroyAll(sockets: ReadonlySet<Socket>): void {
  for (const socket of sockets) socket.destroy();
}
