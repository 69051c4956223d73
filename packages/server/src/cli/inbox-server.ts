import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readBody } from "@ringback/sdk/protocols";
import { onResponseSent } from "../http/response-sent.ts";
import { assertJson } from "../http/json-body.ts";
import { createCallerGate } from "../http/caller-gate.ts";
import type { CallerRules } from "../http/caller-rules.ts";
import { errorTable, mayPass, RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";
import { receivedHeaders, type ReceivedRequest, receivedRequest } from "../domain/received-request.ts";
import type { Clock } from "../domain/ports.ts";
import { bodyRefusal } from "./body-refusal.ts";
import type { MemoryInbox } from "./memory-inbox.ts";

/** One POST to the inbox, or a refused request of any method, and its outcome. */
export interface InboxArrival {
  readonly atMs: TimeMs;
  /** Empty if the body was too large. */
  readonly body: Uint8Array;
  /** Headers and query of the POST. */
  readonly request: ReceivedRequest;
  readonly outcome: "kept" | "dropped" | "refused";
  /** Why the POST was refused. */
  readonly fault: string | null;
  /** The number of messages in the inbox after the POST. */
  readonly waiting: number;
}

export interface InboxServerOptions {
  /** The path in the form of a URL, with a slash at the beginning and escaped characters. */
  readonly path: string;
  readonly inbox: MemoryInbox;
  readonly clock: Clock;
  readonly callers: CallerRules;
  readonly arrived: (arrival: InboxArrival) => void;
  readonly taken: () => void;
}

/**
 * Limits the memory for bodies that are being received. Each connection can hold one body of the largest size, in
 * addition to the messages in the inbox.
 */
const connectionsMax = 256;
const fullRetryAfterS = 5;

/**
 * The receiver that the documentation of the WeChat HTTP API describes. A POST to the path adds a message, and a GET
 * takes the oldest message. A message must be JSON, but its bytes are kept unchanged, because its ids do not fit into a
 * JavaScript number.
 */
export function createInboxServer(options: InboxServerOptions): Server {
  const admits = createCallerGate(options.callers);
  const server = createServer(
    { headersTimeout: limits.requestHeaderMsMax, requestTimeout: limits.requestMsMax },
    (request, response) => {
      handle(request, response, admits, options).catch((error: unknown) => {
        if (error instanceof RingbackError && !response.headersSent) return refuse(response, error);
        // The sender has disconnected in the middle of the request, so no response is needed.
        response.destroy();
      });
    },
  );
  server.maxConnections = connectionsMax;
  server.timeout = limits.connectionIdleMsMax;
  return server;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  admits: ReturnType<typeof createCallerGate>,
  options: InboxServerOptions,
): Promise<void> {
  try {
    if (!admits(request, response)) return undefined;
  } catch (error) {
    const { inbox, clock, arrived } = options;
    const fault = error instanceof Error ? error.message : null;
    arrived({
      atMs: clock.wall(),
      body: new Uint8Array(0),
      outcome: "refused",
      fault,
      request: receivedRequest(request.rawHeaders, request.url ?? ""),
      waiting: await inbox.waitingCount(),
    });
    throw error;
  }
  const path = pathOf(request);
  if (path === options.path) {
    if (request.method === "POST") return arrive(request, response, options);
    if (request.method === "GET") return take(request, response, options);
    // HEAD is refused too. A HEAD request would take a message without showing its body to the client.
    return refuseMethod(response, "GET, POST");
  }
  if (path !== "/") return answer(response, 404, { detail: "Not Found" });
  return request.method === "GET" ? answer(response, 200, "Hello World") : refuseMethod(response, "GET");
}

function refuseMethod(response: ServerResponse, allowed: string): void {
  response.setHeader("allow", allowed);
  answer(response, 405, { detail: "Method Not Allowed" });
}

async function arrive(request: IncomingMessage, response: ServerResponse, options: InboxServerOptions): Promise<void> {
  const { inbox, clock, arrived } = options;
  const body = await collect(request);
  const received = receivedRequest(request.rawHeaders, request.url ?? "");
  const { outcome, fault, status } = await judge(body, received, inbox);
  const shown = { atMs: clock.wall(), body: typeof body === "string" ? new Uint8Array(0) : body, request: received };
  arrived({ ...shown, outcome, fault, waiting: await inbox.waitingCount() });
  if (fault === null) return answer(response, status, { response: "success" });
  // If a body was not read to its end, the connection cannot be used for another request.
  if (typeof body === "string") response.setHeader("connection", "close");
  if (status === 503) response.setHeader("retry-after", fullRetryAfterS);
  return answer(response, status, { message: `An error occurred: ${fault}` });
}

interface Judgement extends Pick<InboxArrival, "outcome" | "fault"> {
  readonly status: number;
}

async function judge(body: Uint8Array | string, request: ReceivedRequest, inbox: MemoryInbox): Promise<Judgement> {
  if (typeof body === "string") return refused(413, body);
  try {
    await assertJson(body);
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    return refused(500, error.message);
  }
  const outcome = await inbox.keep(body, request);
  if (outcome === "full") return refused(503, "as many messages wait as this inbox may hold; fetch some of them");
  return { outcome, fault: null, status: 200 };
}

function refused(status: number, fault: string): Judgement {
  return { outcome: "refused", fault, status };
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  { inbox, taken }: InboxServerOptions,
): Promise<void> {
  const message = await inbox.take();
  if (message === null) {
    response.writeHead(200, { "content-length": 0 }).end();
    return;
  }
  onResponseSent(response, request.socket, limits.inboxAnswerMsMax, (isSent) => {
    message.done(isSent);
    if (isSent) taken();
  });
  const { body, request: received } = message.message;
  const own = ["content-type", "application/json", "content-length", String(body.byteLength)];
  response.writeHead(200, [...own, ...receivedHeaders(received)]).end(body);
}

/** Refuses a request: that of a web page, or one that the inbox cannot serve because clients read too slowly. */
function refuse(response: ServerResponse, { code, message }: RingbackError): void {
  if (mayPass(code)) response.setHeader("retry-after", fullRetryAfterS);
  answer(response, errorTable[code].status, { message: `An error occurred: ${message}` });
}

function answer(response: ServerResponse, status: number, json: unknown): void {
  const body = JSON.stringify(json);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) })
    .end(body);
}

/**
 * Returns the body, or a sentence that says why it is refused: it is larger than the largest message, or has too many
 * small chunks. The rest of such a body is read up to a limit and discarded, because many senders read the response
 * only after they have sent everything.
 */
async function collect(request: IncomingMessage): Promise<Uint8Array | string> {
  const body = await readBody(request, {
    bytesMax: limits.bodyBytesMax,
    announcedBytes: 0,
    timeMsMax: null,
    droppedBytesMax: limits.requestBytesDiscardedMax,
    dropsFirst: true,
  });
  return typeof body === "string" ? bodyRefusal(body, limits.bodyBytesMax) : body;
}

function pathOf({ url = "/" }: IncomingMessage): string {
  // The target of a request is a path, or a whole URL if the client uses this server as a proxy.
  return URL.parse(url, "http://inbox")?.pathname ?? "";
}
