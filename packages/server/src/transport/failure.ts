import type { TransportErrorCode } from "./port.ts";
import { errors } from "./undici-client.ts";

/** A POST that ended before or beside HTTP: what the connector hands to undici, and undici back to the exchange. */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  readonly code: TransportErrorCode;

  constructor(code: TransportErrorCode, cause?: unknown) {
    super(code, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * What an error of undici or of a socket means. `peerEnded`: the other side had finished its half of the connection, so
 * that a reply which is not whole was cut off rather than wrong.
 */
export function classifyFailure(error: Error & { readonly code?: unknown }, peerEnded: boolean): TransportErrorCode {
  if (error instanceof TransportFailure) return error.code;
  if (error instanceof errors.HTTPParserError) return peerEnded ? "connection_reset" : "bad_reply";
  const code = typeof error.code === "string" ? error.code : "";
  switch (code) {
    case "UND_ERR_HEADERS_OVERFLOW":
      return "bad_reply";
    // undici also says UND_ERR_SOCKET when it rejects a reply: 100 and 101 that nobody asked for.
    case "UND_ERR_SOCKET":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return peerEnded ? "connection_reset" : "bad_reply";
    // A request that undici would not send, for example with a header that is not HTTP. It must end by the retry policy
    // like any other failure, so it may not be `aborted`.
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
    case "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH":
      return "connect_failed";
    default:
      if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "tls_failed";
      return "connection_reset";
  }
}
