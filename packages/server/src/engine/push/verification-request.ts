import { timingSafeEqual } from "node:crypto";
import type { VerificationOutcome } from "../../domain/endpoint-verification.ts";
import type { EndpointVerification } from "../../domain/model.ts";
import type { PostResult } from "../../transport/port.ts";

/** Limits of a handshake. */
export const handshakeLimits = {
  timeoutMsMax: 10_000,
  replyBytesMax: 8 * 1024,
  challengeBytes: 32,
  /** Handshakes of one account at a time, so that they leave connections and sockets to deliveries. */
  perAccountMax: 16,
  /** The rate that CloudEvents endpoints are asked for, in requests per minute. */
  ratePerMinute: 60_000,
} as const;

/** The request of a handshake, and the judgement on its reply. */
export interface VerificationRequest {
  readonly method: "POST" | "OPTIONS";
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  readonly judge: (reply: Pick<PostResult, "headers" | "body">) => VerificationOutcome;
}

export function verificationRequest(
  method: EndpointVerification["method"],
  { origin, challenge }: { readonly origin: string; readonly challenge: string },
): VerificationRequest {
  if (method === "challenge") {
    const body = Buffer.from(JSON.stringify({ type: "ringback.verification", challenge }));
    const judge: VerificationRequest["judge"] = (reply) => judgeEcho(challenge, reply.body);
    return { method: "POST", headers: ["content-type", "application/json"], body, judge };
  }
  const rate = String(handshakeLimits.ratePerMinute);
  return {
    method: "OPTIONS",
    headers: ["webhook-request-origin", origin, "webhook-request-rate", rate],
    body: new Uint8Array(0),
    judge: (reply) => judgePermission(origin, reply.headers),
  };
}

export function judgeResult(request: VerificationRequest, result: PostResult): VerificationOutcome {
  const { error, errorDetail = null, status } = result;
  if (error !== null) return { error: errorDetail === null ? error : `${error}: ${errorDetail}` };
  if (status < 200 || status > 299) return { error: `the endpoint answered with the status ${status}` };
  return request.judge(result);
}

/**
 * The reply is the challenge itself, or a JSON object with the challenge as its member `challenge`. A program that
 * answers with every body that it gets has not agreed to anything, so a reply with `type` is refused.
 */
function judgeEcho(challenge: string, body: Uint8Array): VerificationOutcome {
  const text = Buffer.from(body).toString().trim();
  if (isSame(text, challenge) || isSame(memberOf(text), challenge)) return { ratePerMinute: null };
  return { error: "the reply does not contain the challenge" };
}

/** Section 4.2 of "HTTP 1.1 Web Hooks for Event Delivery" of CloudEvents. */
function judgePermission(origin: string, headers: PostResult["headers"]): VerificationOutcome {
  const allowed = headers["webhook-allowed-origin"]?.trim();
  if (allowed === undefined) return { error: "the reply has no header WebHook-Allowed-Origin" };
  if (allowed !== "*" && allowed.toLowerCase() !== origin.toLowerCase()) {
    return { error: `the header WebHook-Allowed-Origin allows another origin, not ${origin}` };
  }
  const rate = headers["webhook-allowed-rate"]?.trim() ?? "*";
  if (rate === "*") return { ratePerMinute: null };
  if (!/^[1-9]\d{0,8}$/.test(rate))
    return { error: "the header WebHook-Allowed-Rate is neither * nor a number above 0" };
  return { ratePerMinute: Number(rate) };
}

function memberOf(text: string): string {
  try {
    const reply = JSON.parse(text) as { type?: unknown; challenge?: unknown } | null;
    return typeof reply?.challenge === "string" && reply.type === undefined ? reply.challenge : "";
  } catch {
    return "";
  }
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
