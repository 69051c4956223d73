import type { TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery } from "../../store/log.ts";
import type { PostResult, Transport } from "../../transport/port.ts";
import { type AccessContext, postWithAccess } from "../keys/post-with-access.ts";
import { tracedAttempt } from "../tracing.ts";
import type { LargeEncodings } from "./large-encodings.ts";
import { encode, type EncodeFailure, endpointFor, type PreparedRequest, type Secrets } from "./outgoing.ts";
import type { Recording } from "./recording.ts";
import type { Route } from "./route.ts";

export interface PostContext extends Secrets, AccessContext {
  readonly transport: Transport;
  readonly largeEncodings: LargeEncodings;
  /** True: each attempt is a span, which is the parent of what the endpoint does. */
  readonly isTracing: boolean;
  readonly failed: (error: unknown) => void;
}

export interface Sending {
  readonly requestId: string;
  readonly sentAtMs: TimeMs;
  /** Notes the request and the reply; null: nothing is noted. */
  readonly recording: Recording | null;
}

/**
 * Encodes a delivery and POSTs it. Calls `done` exactly once: before returning if the encoding fails at once, otherwise
 * later. An unexpected error of the encoding counts as a failed attempt, so that the slot is freed and the retry policy
 * decides.
 */
export function postDelivery(
  context: PostContext,
  route: Route,
  delivery: ClaimedDelivery,
  attempt: Sending,
  done: (result: PostResult | EncodeFailure) => void,
): void {
  const { recording } = attempt;
  const ended = (result: PostResult): void => {
    if (recording !== null) recording.result = result;
    done(result);
  };
  const post = (request: PreparedRequest | EncodeFailure): void => {
    if ("failure" in request) return done(request);
    const { access, headers, body } = request;
    const sent = endpointFor(route, request);
    const endpoint = recording === null ? sent : recording.observed(sent, headers, body);
    if (access === undefined) context.transport.post(endpoint, headers, body, ended);
    else postWithAccess(context, { account: route.accountId, access, endpoint, headers, body }, ended);
  };
  const unexpected = (error: unknown): EncodeFailure => {
    context.failed(error);
    return { failure: "key_unavailable", detail: error instanceof Error ? error.message : null };
  };
  context.largeEncodings.run(delivery.message.body.byteLength, () => {
    let encoded: PreparedRequest | EncodeFailure | Promise<PreparedRequest | EncodeFailure>;
    try {
      const sent = context.isTracing ? tracedAttempt(delivery, attempt.requestId) : delivery;
      encoded = encode(route, sent, attempt, context);
    } catch (error) {
      encoded = unexpected(error);
    }
    if (encoded instanceof Promise) void encoded.catch(unexpected).then(post);
    else post(encoded);
  });
}
