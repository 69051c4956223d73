import type { TransportErrorCode } from "./port.ts";
import { errors } from "./undici-client.ts";

/** Why a POST failed: the code, and what exactly went wrong in words. */
export interface Failure {
  readonly code: TransportErrorCode;
  readonly detail: string | null;
}

/**
 * The error of a POST that failed for a reason outside of HTTP, such as a failed lookup, a denied address or an abort.
 * The connector passes it to undici, and undici passes it to the exchange.
 */
export class TransportFailure extends Error implements Failure {
  override readonly name = "TransportFailure";
  readonly code: TransportErrorCode;
  readonly detail: string | null;

  constructor(code: TransportErrorCode, detail: string | null = null) {
    super(code);
    this.code = code;
    this.detail = detail;
  }
}

type NetworkError = Error & { readonly code?: unknown; readonly reason?: unknown };

/**
 * Describes an error of the operating system, of OpenSSL or of a parser in words. OpenSSL's `reason` is the readable
 * part of its message.
 */
export function describeError({ code, reason, message }: NetworkError): string {
  const text = (typeof reason === "string" ? reason : message).split(/[;\n]/, 1).join("");
  return typeof code !== "string" || text.includes(code) ? text : `${text} (${code})`;
}

/** Whether OpenSSL reported the error. */
export function isTlsError({ code }: NetworkError): boolean {
  return typeof code === "string" && /^ERR_(?:SSL|TLS)_/.test(code);
}

/** The facts about a connection that tell why a POST over it has failed. */
export interface ConnectionFacts {
  /** Address and port of the receiver; empty while the connection is being opened. */
  readonly peer: string;
  /** The receiver had ended its side of the connection, so an incomplete reply counts as cut off, not as malformed. */
  readonly peerEnded: boolean;
  /** The fault of the reply's head, if that is known. */
  readonly headFault: string | null;
  /** Bytes of a reply have arrived. */
  readonly replying: boolean;
}

/** Maps an error of undici or of a socket to a failure. */
export function classifyFailure(error: NetworkError, facts: ConnectionFacts): Failure {
  if (error instanceof TransportFailure) return error;
  const bad: Failure = { code: "bad_reply", detail: facts.headFault ?? describeError(error) };
  const closed = `${facts.peer} closed the connection ${facts.replying ? "in the middle of its reply" : "before it replied"}`;
  const cutOff: Failure = { code: "connection_reset", detail: closed };
  if (error instanceof errors.HTTPParserError) return facts.peerEnded && facts.headFault === null ? cutOff : bad;
  switch (error.code) {
    case "UND_ERR_HEADERS_OVERFLOW":
      return bad;
    // undici also uses UND_ERR_SOCKET when it rejects a reply with an unexpected status 101.
    case "UND_ERR_SOCKET":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return facts.peerEnded ? cutOff : bad;
    // undici refused to send the request, for example because of an invalid header. An `aborted` attempt would not
    // count for the retry policy, so this must be another code.
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
    case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
      return { code: "connect_failed", detail: `the request cannot be sent: ${describeError(error)}` };
    default: {
      const detail = `${describeError(error)}, ${facts.peer}`;
      return isTlsError(error) ? { code: "tls_failed", detail } : { code: "connection_reset", detail };
    }
  }
}
