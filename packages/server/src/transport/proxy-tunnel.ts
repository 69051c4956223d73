import type { Socket } from "node:net";
import ipaddr from "ipaddr.js";
import type { EgressProxy } from "./egress-proxy.ts";
import { describeError, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import { hostAndPort } from "./tcp-connect.ts";
import type { Timers } from "./time.ts";

/** One request to the proxy, and the length of its reply. */
interface Step {
  readonly write: Uint8Array | null;
  /** Returns the length of the reply, or null while that is not known. */
  readonly lengthOf: (received: Buffer) => number | null;
}

/** Yields requests and gets their replies. Returns null when the tunnel is open. */
type Dialogue = Generator<Step, TransportFailure | null, Buffer>;

/**
 * Asks the proxy for a tunnel to an IP address. The guard has accepted this address, and the proxy gets no name that it
 * could resolve to another address. The returned function cancels; then `done` is not called.
 */
export function openTunnel(
  socket: Socket,
  proxy: EgressProxy,
  target: { readonly address: string; readonly port: number },
  timers: Timers,
  done: (failure: TransportFailure | null) => void,
): () => void {
  const dialogue = proxy.kind === "http" ? askHttp(proxy, target) : askSocks(proxy, target);
  const { proxyMsMax, proxyReplyBytesMax } = transportLimits;
  let received: Buffer = Buffer.alloc(0);
  let step = dialogue.next();
  if (step.done !== true) write(step.value);
  // A listener for `data` would leave the socket in a mode in which later listeners get nothing.
  socket.on("readable", onReadable);
  socket.on("error", onError);
  socket.on("close", onClose);
  const cancelTimer = timers.after(proxyMsMax, () => end(proxyFailure(`did not answer within ${proxyMsMax} ms`)));
  return stop;

  function onReadable(): void {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    received = Buffer.concat([received, bytes]);
    while (step.done !== true) {
      const length = step.value.lengthOf(received) ?? Infinity;
      if (received.length < length) {
        if (received.length > proxyReplyBytesMax) end(proxyFailure(`sent more than ${proxyReplyBytesMax} bytes`));
        return;
      }
      const reply = received.subarray(0, length);
      received = received.subarray(length);
      step = dialogue.next(reply);
      if (step.done !== true) write(step.value);
    }
    end(step.value);
  }

  function onError(error: Error): void {
    end(proxyFailure(describeError(error)));
  }

  function onClose(): void {
    end(proxyFailure("closed the connection"));
  }

  function write({ write: bytes }: Step): void {
    if (bytes !== null) socket.write(bytes);
  }

  function end(failure: TransportFailure | null): void {
    stop();
    if (failure !== null) socket.destroy();
    else if (received.length > 0) socket.unshift(received);
    done(failure);
  }

  function stop(): void {
    cancelTimer();
    socket.removeListener("readable", onReadable);
    socket.removeListener("error", onError);
    socket.removeListener("close", onClose);
  }
}

export function proxyFailure(what: string): TransportFailure {
  return new TransportFailure("proxy_failed", `the egress proxy ${what}`);
}

const exactly = (bytes: number) => () => bytes;

/** HTTP CONNECT (RFC 9110 section 9.3.6). */
function* askHttp({ login }: EgressProxy, { address, port }: { address: string; port: number }): Dialogue {
  const authority = hostAndPort(address, port);
  const credentials = login === null ? "" : Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(login === null ? [] : [`Proxy-Authorization: Basic ${credentials}`]),
  ];
  const head = yield {
    write: Buffer.from(`${lines.join("\r\n")}\r\n\r\n`),
    lengthOf: (received) => {
      const end = received.indexOf("\r\n\r\n");
      return end === -1 ? null : end + 4;
    },
  };
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head.toString("latin1"))?.[1];
  if (status === undefined) return proxyFailure("sent no HTTP reply");
  if (status.startsWith("2")) return null;
  // RFC 9110 sections 15.6.3 and 15.6.5: the proxy works, but the endpoint cannot be reached from it.
  if (status === "502" || status === "504") {
    return new TransportFailure("connect_failed", `the egress proxy cannot connect to ${authority}: status ${status}`);
  }
  return proxyFailure(`refused to connect to ${authority}: status ${status}`);
}

const SOCKS_VERSION = 5;
const NO_LOGIN = 0;
const LOGIN = 2;

/** SOCKS5 (RFC 1928) with a user name and password (RFC 1929). */
function* askSocks({ login }: EgressProxy, { address, port }: { address: string; port: number }): Dialogue {
  const methods = login === null ? [NO_LOGIN] : [NO_LOGIN, LOGIN];
  const chosen = yield { write: Buffer.from([SOCKS_VERSION, methods.length, ...methods]), lengthOf: exactly(2) };
  if (chosen[0] !== SOCKS_VERSION) return proxyFailure("does not speak SOCKS5");
  if (chosen[1] === LOGIN && login !== null) {
    const [username, password] = [Buffer.from(login.username), Buffer.from(login.password)];
    const write = Buffer.from([1, username.length, ...username, password.length, ...password]);
    const answer = yield { write, lengthOf: exactly(2) };
    if (answer[1] !== 0) return proxyFailure("refused the user name or the password");
  } else if (chosen[1] !== NO_LOGIN) return proxyFailure("accepts none of the offered authentication methods");
  const bytes = ipaddr.parse(address).toByteArray();
  const kind = bytes.length === 4 ? 1 : 4;
  const write = Buffer.from([SOCKS_VERSION, 1, 0, kind, ...bytes, port >> 8, port & 0xff]);
  const reply = yield { write, lengthOf: lengthOfSocksReply };
  if (reply[0] !== SOCKS_VERSION) return proxyFailure("does not speak SOCKS5");
  return reply[1] === 0 ? null : socksFailure(reply[1] ?? 1, hostAndPort(address, port));
}

/** A reply ends with an address, whose first byte is its kind: IPv4, a name with its length, or IPv6. */
function lengthOfSocksReply(received: Buffer): number | null {
  const [, code, , kind, nameBytes] = received;
  if (code === undefined) return null;
  // Some proxies close the connection after the code of an error.
  if (code !== 0) return 2;
  if (kind === undefined) return null;
  if (kind === 1) return 10;
  if (kind === 4) return 22;
  return kind === 3 ? (nameBytes === undefined ? null : 7 + nameBytes) : 4;
}

/** RFC 1928 section 6. With the codes 3 to 6, the proxy works, but the endpoint cannot be reached from it. */
function socksFailure(code: number, peer: string): TransportFailure {
  const detail = `the egress proxy cannot connect to ${peer}`;
  if (code === 3) return new TransportFailure("connect_failed", `${detail}: network unreachable`);
  if (code === 4) return new TransportFailure("connect_failed", `${detail}: host unreachable`);
  if (code === 5) return new TransportFailure("connect_refused", `${detail}: connection refused`);
  if (code === 6) return new TransportFailure("connect_failed", `${detail}: TTL expired`);
  return proxyFailure(`refused to connect to ${peer}: SOCKS5 reply ${code}`);
}
