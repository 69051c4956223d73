import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { RingbackError } from "../domain/errors.ts";
import { Http2Limits, http2Options } from "./http2-limits.ts";
import { Http2Request, isHttp2 } from "./http2-messages.ts";
import type { HttpLimits } from "./http-limits.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { problemText, writeProblem } from "./problem.ts";
import { dropUnreadBody } from "./unread-body.ts";

/** Receives the errors with which requests are refused before the application gets them. */
export type RefusedEarly = (error: RingbackError, remoteAddress: string) => void;

/** The application sets `stopping` when it closes. The server then refuses further requests. */
export interface ServerState {
  stopping: boolean;
}

/** The interval at which Node checks the time limits of connections. A connection can exceed its limit by this time. */
const connectionCheckMs = 500;

/** A certificate with its chain, and its private key, in PEM. */
export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The TLS options of a server, for its start and for each change of the certificate. */
export function tlsOptions(pair: CertificatePair) {
  return { ...pair, minVersion: "TLSv1.2" as const };
}

/**
 * Returns a server with all limits set: of HTTP/1.1 without a certificate, otherwise of HTTP/2 and HTTP/1.1 over TLS.
 * Refused requests get a problem document, while Node itself would send no body.
 */
export function createHttpServer(
  listener: RequestListener,
  config: HttpLimits,
  state: ServerState,
  pair: CertificatePair | null,
  refused: RefusedEarly,
): Server {
  const http2 = new Http2Limits(config);
  const server = pair === null ? createServer(http1Options(config)) : createTlsServer(pair, config, http2);
  server.maxConnections = config.connectionsMax;
  server.timeout = config.connectionIdleMsMax;
  server.on("request", answer);
  server.on("checkContinue", answerContinue);
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    const sentence = 'The server supports no other Expect header than "100-continue".';
    refuse(request, response, new RingbackError("expectation_failed", sentence));
  });
  server.on("connect", (request: IncomingMessage, target: Socket | ServerResponse) => {
    const sentence = "This server is not a proxy: it does not support CONNECT.";
    const error = new RingbackError("method_not_allowed", sentence);
    if (!(target instanceof Socket)) return refuse(request, target, error);
    target.end(problemText(error));
    refused(error, target.remoteAddress ?? "");
  });
  return server;

  function refuse(request: IncomingMessage, response: ServerResponse, error: RingbackError): void {
    writeProblem(response, error);
    refused(error, request.socket.remoteAddress ?? "");
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    if (isHttp2(request) && !http2.admit(request, response)) return;
    // /healthz still responds until the last requests have ended, so that an orchestrator does not kill the process
    // earlier.
    if (state.stopping && request.url !== "/healthz") {
      refuse(request, response, new RingbackError("shutting_down"));
      return;
    }
    const fault = headerFault(request, config);
    if (fault !== null) {
      refuse(request, response, fault);
      return;
    }
    // A stream of HTTP/2 is ended without its body.
    if (request.httpVersionMajor === 1) dropUnreadBody(request, response, config.requestBytesDiscardedMax);
    listener(request, response);
  }

  function answerContinue(request: IncomingMessage, response: ServerResponse): void {
    if (Number(request.headers["content-length"]) > config.requestBytesMax) {
      refuse(request, response, requestTooLarge(config.requestBytesMax));
      return;
    }
    response.writeContinue();
    answer(request, response);
  }
}

function http1Options(config: HttpLimits) {
  return {
    IncomingMessage: IncomingRequest,
    maxHeaderSize: config.requestHeaderBytesMax,
    headersTimeout: config.requestHeaderMsMax,
    requestTimeout: config.requestMsMax,
    keepAliveTimeout: config.keepAliveMs,
    connectionsCheckingInterval: connectionCheckMs,
    // `headerFault` checks the header instead, because Node's own refusal has no body.
    requireHostHeader: false,
  };
}

function createTlsServer(pair: CertificatePair, config: HttpLimits, http2: Http2Limits): Server {
  const server = createSecureServer({
    ...tlsOptions(pair),
    ...http2Options(config),
    allowHTTP1: true,
    noDelay: true,
    handshakeTimeout: config.requestHeaderMsMax,
    // Node 24 reads the options of HTTP/1.1 at this level, later versions in `http1Options`.
    ...http1Options(config),
    http1Options: http1Options(config),
    Http2ServerRequest: Http2Request,
  });
  server.on("session", (session) => http2.addSession(session));
  server.once("listening", () => {
    const check = setInterval(() => http2.check(), connectionCheckMs).unref();
    server.once("close", () => clearInterval(check));
  });
  // The rest of the server uses only what a server of node:http has too.
  return server as unknown as Server;
}

function headerFault(request: IncomingMessage, { requestHeaderBytesMax, requestHeaderCountMax }: HttpLimits) {
  const { rawHeaders } = request;
  if (rawHeaders.length > 2 * requestHeaderCountMax) {
    return new RingbackError("headers_too_large", `The request has more than ${requestHeaderCountMax} headers.`);
  }
  // Over HTTP/1.1, the parser checks the size.
  if (isHttp2(request) && request.headerBytes > requestHeaderBytesMax) return new RingbackError("headers_too_large");
  if (request.headers.host === undefined && request.httpVersion !== "1.0") {
    return new RingbackError("malformed_request", `A request over HTTP/${request.httpVersion} needs a Host header.`);
  }
  return null;
}

export function requestTooLarge(bytesMax: number): RingbackError {
  return new RingbackError("request_too_large", `The request body is larger than ${bytesMax} bytes.`);
}

/**
 * Answers on the socket itself when Node's parser or one of its time limits refuses a request. Returns the error of the
 * answer; null: there is no answer.
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): RingbackError | null {
  const { code = "" } = error;
  // Other errors of a TLS socket are those of its handshake. The client cannot read a response then.
  const isUnreadable = socket instanceof TLSSocket && !code.startsWith("HPE_") && !code.startsWith("ERR_HTTP_");
  if (code === "ECONNRESET" || isUnreadable || !socket.writable) {
    socket.destroy();
    return null;
  }
  // The response that is being sent over the socket. Node has no public property for this response.
  // oxlint-disable-next-line no-underscore-dangle
  const underWay = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (underWay?.headersSent === true) {
    socket.destroy();
    return null;
  }
  if (underWay?.req.complete === true) {
    // The fault is in a later, pipelined request. The connection is closed after the response to the earlier request.
    underWay.shouldKeepAlive = false;
    return null;
  }
  const fault = faultOf(error);
  socket.write(problemText(fault));
  socket.destroySoon();
  return fault;
}

function faultOf(error: Error & { code?: string }): RingbackError {
  switch (error.code ?? "") {
    case "HPE_HEADER_OVERFLOW":
      return new RingbackError("headers_too_large");
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return new RingbackError("request_too_large", "The chunk extensions of the request body are too large.");
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return new RingbackError("request_timeout");
    default:
      return new RingbackError("malformed_request", "The request line, a header or the body's framing is malformed.");
  }
}
