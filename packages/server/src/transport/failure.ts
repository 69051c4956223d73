import type { TransportErrorCode } from "./port.ts";
import { errors } from "./undici-client.ts";

/**
 * The error of a POST that failed for a reason outside of HTTP, such as a failed lookup, a denied address or an abort.
 * The connector passes it to undici, and undici passes it to the exchange.
 */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * Maps an error of undici or of a socket to a code. `peerEnded`: the receiver had ended its side of the connection, so
 * an incomplete reply counts as cut off, not as malformed.
 */
export function classifyFailure(error: Error & { readonly code?: unknown }, peerEnded: boolean): TransportErrorCode {
  if (error instanceof TransportFailure) return error.code;
  if (error instanceof errors.HTTPParserError) return peerEnded ? "connection_reset" : "bad_reply";
  const code = typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "UND_ERR_HEADERS_OVERFLOW":
      return "bad_reply";
    // undici also uses UND_ERR_SOCKET when it rejects a reply with an unexpected status 100 or 101.
    case "UND_ERR_SOCKET":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return peerEnded ? "connection_reset" : "bad_reply";
    // undici refused to send the request, for example because of an invalid header. An `aborted` attempt would not
    // count for the retry policy, so this must be another code.
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
    case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
      return "connect_failed";
    default:
      if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "tls_failed";
      return "connection_reset";
  }
}
