import { RingbackError } from "../../domain/errors.ts";
import { awaitsVerification } from "../../domain/endpoint-verification.ts";
import { unusedSeq } from "../../domain/message-id.ts";
import type { AccountId, Message, NewMessage, PushSettings, Subscription } from "../../domain/model.ts";
import type { Random } from "../../domain/ports.ts";
import type { PostResult } from "../../transport/port.ts";
import { type EncodeFailure, judge, type Judgement, judgeUnsent } from "./outgoing.ts";
import { routeOf } from "./route.ts";
import { type PostContext, postDelivery } from "./post-delivery.ts";
import { Recording, type SentRequest } from "./recording.ts";
import { requestIds } from "./request-ids.ts";

export interface TestContext extends PostContext {
  readonly random: Random;
  readonly appIdOf: (accountId: AccountId) => number;
}

export interface TestDelivery {
  /** null: nothing could be sent. */
  readonly request: SentRequest | null;
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
    const recording = new Recording(push);
    const delivery = { message, attemptsMade: 0, retriesMade: 0, firstAttemptAtMs: null };
    const attempt = { requestId: this.#nextRequestId(), sentAtMs: context.clock.wall(startedAtMs), recording };
    const result = await new Promise<PostResult | EncodeFailure>((resolve) =>
      postDelivery(context, route, delivery, attempt, resolve),
    );
    const request = recording.request();
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
