import { createServer } from "node:http";
import type { IncomingMessage as HttpRequest, Server, ServerResponse } from "node:http";
import type { IncomingRequest, ProtocolKey, PushProtocol, ReceiverReply } from "@ringback/sdk/protocols";
import type { Clock, Timers } from "../domain/ports.ts";
import { FailurePlan } from "./failure-plan.ts";
import { recognise } from "./recognise.ts";
import type { Recognised } from "./recognise.ts";

/** How a receiver behaves, so that a person can play a bad endpoint. */
export interface ReceiverBehaviour {
  /** null: what the dialect answers for success, 200 where no dialect is recognised. */
  readonly status: number | null;
  /** Before every answer. */
  readonly delayMs: number;
  /** The first requests of each message that get a 500. */
  readonly failFirst: number;
  readonly neverAnswer: boolean;
  /** Tried in this order. */
  readonly protocols: readonly PushProtocol[];
  /** What signatures are verified with. */
  readonly keys: readonly ProtocolKey[];
  readonly bodyBytesMax: number;
}

/** As the Standard Webhooks libraries have it. */
const SIGNATURE_TOLERANCE_MS = 300_000;

/** One request, as far as it was read. */
export interface Arrival {
  readonly atMs: number;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty when it was too large. */
  readonly body: Uint8Array;
  readonly recognised: Recognised | null;
  /** The status it gets; null: no answer. */
  readonly status: number | null;
  /** Why it gets that, when it is not plain success. */
  readonly note: string | null;
}

export interface ReceiverPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Called as soon as a request has arrived, before it is answered. */
  readonly arrived: (arrival: Arrival) => void;
}

export function createReceiver(behaviour: ReceiverBehaviour, ports: ReceiverPorts): Server {
  const failures = new FailurePlan(behaviour.failFirst);
  // Node's own limits hold for the header section and for requests that take forever to arrive.
  return createServer((request, response) => {
    collect(request, behaviour.bodyBytesMax)
      .then((body) => handle(request, response, body, { behaviour, ports, failures }))
      // The sender has gone in the middle of its request: there is nobody to answer.
      .catch(() => response.destroy());
  });
}

/** null when there is more of it than the limit; the rest is not read. */
async function collect(request: HttpRequest, bytesMax: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > bytesMax) return null;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

interface Handling {
  readonly behaviour: ReceiverBehaviour;
  readonly ports: ReceiverPorts;
  readonly failures: FailurePlan;
}

async function handle(
  request: HttpRequest,
  response: ServerResponse,
  body: Uint8Array | null,
  handling: Handling,
): Promise<void> {
  const { behaviour, ports, failures } = handling;
  const trust = { keys: behaviour.keys, nowMs: ports.clock.now(), toleranceMs: SIGNATURE_TOLERANCE_MS };
  const incoming = toIncoming(request, body ?? new Uint8Array());
  const recognised = body === null ? null : await recognise(incoming, trust, behaviour.protocols);
  const { reply, note } = chooseReply(body, recognised, behaviour, failures);
  ports.arrived({
    atMs: ports.clock.now(),
    method: incoming.method,
    path: request.url ?? "/",
    headers: incoming.headers,
    body: incoming.body,
    recognised,
    status: reply?.status ?? null,
    note,
  });
  if (reply === null) return;
  const answer = () => {
    // After a body that was not read to its end the connection cannot carry another request.
    const connection = body === null ? { connection: "close" } : {};
    response.writeHead(reply.status, { ...reply.headers, ...connection }).end(reply.body);
  };
  if (behaviour.delayMs === 0) answer();
  else ports.timers.after(behaviour.delayMs, answer);
}

function chooseReply(
  body: Uint8Array | null,
  recognised: Recognised | null,
  behaviour: ReceiverBehaviour,
  failures: FailurePlan,
): { reply: ReceiverReply | null; note: string | null } {
  if (body === null) return { reply: plainReply(413), note: `the body has more than ${behaviour.bodyBytesMax} bytes` };
  if (behaviour.neverAnswer) return { reply: null, note: "never answered" };
  const failure = failures.nextFailure(recognised?.message?.messageId ?? null);
  if (failure !== null) return { reply: plainReply(500), note: `failure ${failure} of ${behaviour.failFirst}` };
  if (behaviour.status !== null) return { reply: plainReply(behaviour.status), note: null };
  return { reply: recognised?.protocol.reply(true) ?? plainReply(200), note: null };
}

function plainReply(status: number): ReceiverReply {
  // These two statuses never have a body (RFC 9110 section 15).
  if (status === 204 || status === 304) return { status, headers: {}, body: "" };
  return { status, headers: { "content-type": "text/plain" }, body: status < 300 ? "ok" : `status ${status}` };
}

function toIncoming(request: HttpRequest, body: Uint8Array): IncomingRequest & { headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = values?.join(", ") ?? "";
  return { method: request.method ?? "", headers, body };
}
