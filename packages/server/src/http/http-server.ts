import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { RingbackError } from "../domain/errors.ts";
import type { HttpLimits } from "./http-limits.ts";
import { IncomingRequest } from "./incoming-request.ts";
import { problemText, writeProblem } from "./problem.ts";
import { dropUnreadBody } from "./unread-body.ts";

/** The application sets `stopping` when it closes. The server then refuses further requests. */
export interface ServerState {
  stopping: boolean;
}

/** The interval at which Node checks the time limits of connections. A connection can exceed its limit by this time. */
const connectionCheckMs = 500;

/**
 * Returns a server of node:http with all limits set. Refused requests get a problem document, while Node itself would
 * send no body.
 */
export function createHttpServer(listener: RequestListener, config: HttpLimits, state: ServerState): Server {
  const server = createServer(
    {
      IncomingMessage: IncomingRequest,
      maxHeaderSize: config.requestHeaderBytesMax,
      headersTimeout: config.requestHeaderMsMax,
      requestTimeout: config.requestMsMax,
      keepAliveTimeout: config.keepAliveMs,
      connectionsCheckingInterval: connectionCheckMs,
      // `answer` checks the header instead, because Node's own refusal has no body.
      requireHostHeader: false,
    },
    answer,
  );
  server.maxConnections = config.connectionsMax;
  server.timeout = config.connectionIdleMsMax;
  // 0: no limit. With a limit, Node would drop further headers silently. The size limit already limits the number of
  // headers.
  server.maxHeadersCount = 0;
  server.on("checkContinue", answerContinue);
  server.on("checkExpectation", (_request, response: ServerResponse) => {
    const sentence = 'The server supports no other Expect header than "100-continue".';
    writeProblem(response, new RingbackError("expectation_failed", sentence));
  });
  server.on("connect", (_request, socket: Socket) => {
    const sentence = "This server is not a proxy: it does not support CONNECT.";
    socket.end(problemText(new RingbackError("method_not_allowed", sentence)));
  });
  return server;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    // /healthz still responds until the last requests have ended, so that an orchestrator does not kill the process
    // earlier.
    if (state.stopping && request.url !== "/healthz") {
      writeProblem(response, new RingbackError("shutting_down"));
      return;
    }
    if (request.headers.host === undefined && request.httpVersionMinor > 0) {
      writeProblem(response, new RingbackError("malformed_request", "A request over HTTP/1.1 needs a Host header."));
      return;
    }
    dropUnreadBody(request, response, config.requestBytesDiscardedMax);
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
 * Ends the connections of a closing server. Node itself closes only the connections that are idle at that moment, and
 * then no longer applies its time limits. A connection that becomes idle later would stay open for its keep-alive time,
 * and a connection with half a request for ever.
 */
export function endConnections(server: Server, config: HttpLimits): void {
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs).unref();
  const limit = setTimeout(() => server.closeAllConnections(), config.closeMsMax).unref();
  server.once("close", () => {
    clearInterval(idle);
    clearTimeout(limit);
  });
}

export function requestTooLarge(bytesMax: number): RingbackError {
  return new RingbackError("request_too_large", `The request body is larger than ${bytesMax} bytes.`);
}

/** Answers on the socket itself when Node's parser or one of its time limits refuses a request. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  // The response that is being sent over the socket. Node has no public property for this response.
  // oxlint-disable-next-line no-underscore-dangle
  const underWay = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (underWay?.headersSent === true) {
    socket.destroy();
    return;
  }
  if (underWay?.req.complete === true) {
    // The fault is in a later, pipelined request. The connection is closed after the response to the earlier request.
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
