import type { EncodedRequest } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { isHttpUrl } from "../../domain/endpoint-url-rule.ts";
import { awaitsVerification } from "../../domain/endpoint-verification.ts";
import { unusedSeq } from "../../domain/message-id.ts";
import type { AccountId, Message, NewMessage, PushSettings, Subscription } from "../../domain/model.ts";
import type { Random } from "../../domain/ports.ts";
import type { Endpoint, PostResult, Transport } from "../../transport/port.ts";
import { type EncodeFailure, judge, type Judgement, judgeUnsent } from "./outgoing.ts";
import { routeOf } from "./route.ts";
import { type PostContext, postDelivery } from "./post-delivery.ts";
import { requestIds } from "./request-ids.ts";

export interface TestContext extends PostContext {
  readonly random: Random;
  readonly appIdOf: (accountId: AccountId) => number;
}

/** A request as it was sent. */
export interface TestedRequest {
  /** null over WebSocket, TCP and to queues, which get only the body. */
  readonly method: string | null;
  readonly url: string;
  /**
   * Names and values as they were written; before the connection was open, those of the dialect and the subscription.
   * null: the value is a secret.
   */
  readonly headers: readonly (readonly [name: string, value: string | null])[];
  readonly body: Uint8Array;
}

export interface TestDelivery {
  /** null: nothing could be sent. */
  readonly request: TestedRequest | null;
  /** null: no reply came. */
  readonly reply: Pick<PostResult, "status" | "headers" | "body" | "isCut"> | null;
  readonly judgement: Judgement;
  readonly durationMs: number;
}

/** The type of the message that a test sends if the caller gives none. */
export const sampleType = "ringback.test";

export function sampleMessage({ topic, name }: Pick<Subscription, "topic" | "name">, at: string): NewMessage {
  const text = "This is a test of the endpoint. No message was published.";
  const body = Buffer.from(JSON.stringify({ type: sampleType, at, topic, subscription: name, text }));
  const contentType = "application/json";
  return { body, contentType, tags: [], type: sampleType, orderingKey: null, attributes: {}, delayMs: 0 };
}

/** Sends single messages on demand, as deliveries are sent. Nothing is recorded, and nothing waits for the result. */
export class TestDeliveries {
  readonly #context: TestContext;
  readonly #nextRequestId: () => string;

  constructor(context: TestContext) {
    this.#context = context;
    this.#nextRequestId = requestIds(context.random);
  }

  /** A message with an id that no stored message has, so receivers that ignore known ids do not ignore it. */
  messageFor({ topicId }: Pick<Subscription, "topicId">, message: NewMessage, hops: number): Message {
    const { delayMs: _, ...members } = message;
    const { clock, random } = this.#context;
    const stored = { topicId, seq: unusedSeq(random.next()), publishedAtMs: clock.wall(), deliverAtMs: null };
    return { request: null, trace: null, ...members, ...stored, hops };
  }

  /** Throws the errors of `assertTestable`, and `shutting_down`. */
  async send(subscription: Subscription, message: Message): Promise<TestDelivery> {
    const push = assertTestable(subscription);
    const context = this.#context;
    const startedAtMs = context.clock.now();
    const route = routeOf(subscription, context.appIdOf(subscription.accountId));
    const recording = new RecordingTransport(context.transport);
    const delivery = { message, attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null };
    const attempt = { requestId: this.#nextRequestId(), sentAtMs: context.clock.wall(startedAtMs) };
    const result = await new Promise<PostResult | EncodeFailure>((resolve) =>
      postDelivery({ ...context, transport: recording }, route, delivery, attempt, resolve),
    );
    const request = recording.requestOf(push);
    if ("failure" in result) return { request, reply: null, judgement: judgeUnsent(result), durationMs: 0 };
    if (result.error === "aborted") throw new RingbackError("shutting_down");
    const { durationMs, status } = result;
    return { request, reply: status === 0 ? null : result, judgement: judge(route, result), durationMs };
  }
}

/** Throws `invalid_request` if the subscription has no endpoint that may get messages. */
export function assertTestable({ settings }: Subscription): PushSettings {
  if (settings.push === null) {
    const fault = "the subscription is pulled from, so it has no endpoint to test";
    throw RingbackError.at("invalid_request", "pull", fault);
  }
  if (awaitsVerification(settings)) {
    const fault = "the endpoint gets no messages until it is verified; POST …/verify tries that now";
    throw RingbackError.at("invalid_request", "push.verify", fault);
  }
  return settings.push;
}

/** Passes requests to a transport, and keeps the last one. */
class RecordingTransport implements Transport {
  readonly #transport: Transport;
  #sent: (Pick<EncodedRequest, "headers" | "body"> & { readonly endpoint: Endpoint }) | null = null;
  #head: string | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  post(endpoint: Endpoint, headers: readonly string[], body: Uint8Array, done: (result: PostResult) => void): void {
    this.#sent = { endpoint, headers, body };
    this.#head = null;
    const headWritten = (head: string): void => void (this.#head = head);
    this.#transport.post({ ...endpoint, headWritten }, headers, body, done);
  }

  openSockets(): number {
    return this.#transport.openSockets();
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  requestOf(push: PushSettings): TestedRequest | null {
    if (this.#sent === null) return null;
    const { endpoint, headers, body } = this.#sent;
    if (!isHttpUrl(push.url)) return { method: null, url: push.url, headers: [], body };
    const url = `${endpoint.origin}${endpoint.path}`;
    const secrets = secretHeadersOf(push);
    const shown = (name: string, value: string) =>
      [name, secrets.has(name.toLowerCase()) ? null : Buffer.from(value, "latin1").toString()] as const;
    const written = this.#head === null ? pairsOf(headers) : linesOf(this.#head);
    return { method: "POST", url, headers: written.map(([name, value]) => shown(name, value)), body };
  }
}

/** The subscription's own headers are never shown, and its credentials are in `Authorization`. Names in lower case. */
function secretHeadersOf({ headers, auth = null }: PushSettings): ReadonlySet<string> {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return new Set(auth === null ? names : [...names, "authorization"]);
}

function pairsOf(headers: readonly string[]): [string, string][] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ""] as [string, string]] : []));
}

/** The headers of an HTTP head. */
function linesOf(head: string): [string, string][] {
  const [, ...lines] = head.trimEnd().split("\r\n");
  return lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}
