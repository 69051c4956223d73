import { createServer, type IncomingMessage as HttpRequest, type Server, type ServerResponse } from "node:http";
import { readBody } from "@ringback/sdk/protocols";
import type { IncomingRequest, ProtocolKey, PushProtocol, ReceiverReply } from "@ringback/sdk/protocols";
import { errorTable, RingbackError } from "../domain/errors.ts";
import type { Clock, Timers } from "../domain/ports.ts";
import { createCallerGate } from "../http/caller-gate.ts";
import type { CallerRules } from "../http/caller-rules.ts";
import { limits } from "../domain/limits.ts";
import { bodyRefusal } from "./body-refusal.ts";
import { FailurePlan } from "./failure-plan.ts";
import { recognise, type Recognised } from "./recognise.ts";

/** How a receiver replies. The settings can imitate a failing endpoint. */
export interface ReceiverBehaviour {
  /** Status of the replies; null: the dialect's reply for success, or 200 if no dialect is recognised. */
  readonly status: number | null;
  /** Delay of every reply. */
  readonly delayMs: number;
  /** Number of failures before the first success of each message. A failed request gets the status 500. */
  readonly failFirst: number;
  readonly neverAnswer: boolean;
  /** The dialects to recognise, in this order. */
  readonly protocols: readonly PushProtocol[];
  /** Keys that verify signatures. */
  readonly keys: readonly ProtocolKey[];
  readonly bodyBytesMax: number;
  readonly callers: CallerRules;
}

/**
 * How far the timestamp of a signature may differ from the clock. The same value as in the Standard Webhooks libraries.
 */
const SIGNATURE_TOLERANCE_MS = 300_000;

/** One received request and the reply to it. */
export interface Arrival {
  readonly atMs: number;
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty if the body was too large. */
  readonly body: Uint8Array;
  readonly recognised: Recognised | null;
  /** The status of the reply; null: no reply. */
  readonly status: number | null;
  /** The reason for the reply; null for an ordinary success. */
  readonly note: string | null;
}

export interface ReceiverPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Called when a request was received, before the reply. */
  readonly arrived: (arrival: Arrival) => void;
}

export function createReceiver(behaviour: ReceiverBehaviour, ports: ReceiverPorts): Server {
  const admits = createCallerGate(behaviour.callers);
  const failures = new FailurePlan(behaviour.failFirst);
  const timeLimits = { headersTimeout: limits.requestHeaderMsMax, requestTimeout: limits.requestMsMax };
  return createServer(timeLimits, (request, response) => {
    // The sender may disconnect during its request.
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: HttpRequest, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, response);
    if (refusal === "answered") return;
    // The rest of a body that exceeds the limit is not read.
    const read = await readBody(request, {
      bytesMax: behaviour.bodyBytesMax,
      announcedBytes: 0,
      timeMsMax: null,
      droppedBytesMax: 0,
      dropsFirst: true,
    });
    const body = typeof read === "string" ? null : read;
    const tooLarge = typeof read === "string" ? bodyRefusal(read, behaviour.bodyBytesMax) : null;
    const trust = { keys: behaviour.keys, nowMs: ports.clock.wall(), toleranceMs: SIGNATURE_TOLERANCE_MS };
    const incoming = toIncoming(request, body ?? new Uint8Array());
    const recognised = body === null || refusal !== null ? null : await recognise(incoming, trust, behaviour.protocols);
    const { reply, note } = refusal ?? chooseReply(tooLarge, recognised, behaviour, failures);
    ports.arrived({
      atMs: ports.clock.wall(),
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
      // The connection cannot be reused if the body was not read to its end.
      const connection = body === null ? { connection: "close" } : {};
      response.writeHead(reply.status, { ...reply.headers, ...connection }).end(reply.body);
    };
    if (behaviour.delayMs === 0) answer();
    else ports.timers.after(behaviour.delayMs, answer);
  }

  /** Returns null if the request may be received. */
  function refusalOf(request: HttpRequest, response: ServerResponse): ChosenReply | "answered" | null {
    try {
      return admits(request, response) ? null : "answered";
    } catch (error) {
      if (!(error instanceof RingbackError)) throw error;
      return { reply: plainReply(errorTable[error.code].status, `${error.message}\n`), note: error.message };
    }
  }
}

interface ChosenReply {
  /** Null: no reply. */
  readonly reply: ReceiverReply | null;
  readonly note: string | null;
}

function chooseReply(
  tooLarge: string | null,
  recognised: Recognised | null,
  behaviour: ReceiverBehaviour,
  failures: FailurePlan,
): ChosenReply {
  if (tooLarge !== null) return { reply: plainReply(413), note: tooLarge };
  if (behaviour.neverAnswer) return { reply: null, note: "never answered" };
  const failure = failures.nextFailure(recognised?.message?.messageId ?? null);
  if (failure !== null) return { reply: plainReply(500), note: `failure ${failure} of ${behaviour.failFirst}` };
  if (behaviour.status !== null) return { reply: plainReply(behaviour.status), note: null };
  return { reply: recognised?.protocol.reply(true) ?? plainReply(200), note: null };
}

function plainReply(status: number, text = status < 300 ? "ok" : `status ${status}`): ReceiverReply {
  // These two statuses never have a body (RFC 9110 section 15).
  if (status === 204 || status === 304) return { status, headers: {}, body: "" };
  return { status, headers: { "content-type": "text/plain" }, body: text };
}

function toIncoming(request: HttpRequest, body: Uint8Array): IncomingRequest & { headers: Record<string, string> } {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = values?.join(", ") ?? "";
  return { method: request.method ?? "", path: request.url ?? "", headers, body };
}
