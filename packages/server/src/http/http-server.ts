import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RingbackError } from "../domain/errors.ts";
import type { HttpLimits } from "./http-limits.ts";
import { problemText, writeProblem } from "./problem.ts";

/** Shared between the application, which sets it when it closes, and the server, which then refuses what still comes. */
export interface ServerState {
  stopping: boolean;
}

/** How often Node looks for connections that are over their time; the limits are late by no more than this. */
const connectionCheckMs = 500;

/** node:http with every limit set, and with our own answer wherever Node would give one without a body. */
export function createHttpServer(listener: RequestListener, config: HttpLimits, state: ServerState): Server {
  const server = createServer(
    {
      maxHeaderSize: config.requestHeaderBytesMax,
      headersTimeout: config.requestHeaderMsMax,
      requestTimeout: config.requestMsMax,
      keepAliveTimeout: config.keepAliveMs,
      connectionsCheckingInterval: connectionCheckMs,
      // Node's own refusal has no body; `answer` looks for the header instead.
      requireHostHeader: false,
    },
    answer,
  );
  server.maxConnections = config.connectionsMax;
  server.timeout = config.connectionIdleMsMax;
  // 0: no count of its own. Past a count Node would drop headers silently; the size limit bounds them already.
  server.maxHeadersCount = 0;
  server.on("checkContinue", answerContinue);
  server.on("checkExpectation", (_request, response: ServerResponse) => {
    writeProblem(response, new RingbackError("expectation_failed", 'The only expectation served is "100-continue".'));
  });
  server.on("connect", (_request, socket: Socket) => {
    socket.end(problemText(new RingbackError("method_not_allowed", "This server is no proxy: CONNECT is not served.")));
  });
  return server;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    // Liveness stays true while the last requests drain, or an orchestrator would kill what is about to end well.
    if (state.stopping && request.url !== "/healthz") {
      writeProblem(response, new RingbackError("shutting_down"));
      return;
    }
    if (request.headers.host === undefined && request.httpVersionMinor > 0) {
      writeProblem(response, new RingbackError("malformed_request", "HTTP/1.1 requires a Host header."));
      return;
    }
    listener(request, response);
  }

  function answerContinue(request: IncomingMessage, response: ServerResponse): void {
    if (Number(request.headers["content-length"]) > config.requestBytesMax) {
      writeProblem(response, requestTooLarge(config.requestBytesMax));
      return;
    }
    response.writeContinue();
    answer(request, response);
  }
}

const idleCheckMs = 20;

/**
 * Lets a server that is closing get to its end. Node closes the connections that are idle at that moment and then
 * neither looks again nor keeps its time limits: one that becomes idle later would live on for its keep-alive time, and
 * one with half a request for ever.
 */
export function endConnections(server: Server, config: HttpLimits): void {
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, idleCheckMs).unref();
  const patience = setTimeout(() => {
    server.closeAllConnections();
  }, config.closeMsMax).unref();
  server.once("close", () => {
    clearInterval(idle);
    clearTimeout(patience);
  });
}

export function requestTooLarge(bytesMax: number): RingbackError {
  return new RingbackError("request_too_large", `The request body is larger than ${bytesMax} bytes.`);
}

/** What Node's parser and its timers refuse never becomes a request; this answers on the bare socket. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  // Node keeps the answer under way on the socket; there is no public name for it.
  // oxlint-disable-next-line no-underscore-dangle
  const underWay = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (underWay?.headersSent === true) {
    socket.destroy();
    return;
  }
  if (underWay?.req.complete === true) {
    // The fault is in a later, pipelined request. The earlier one gets its own answer, and the connection ends after it.
    underWay.shouldKeepAlive = false;
    return;
  }
  socket.write(problemText(faultOf(error)));
  socket.destroySoon();
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
