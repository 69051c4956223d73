import type { PushReply, ReceiverReply, RetryAfter, Verdict } from "./protocol.ts";
import { retryAfterOf } from "./retry-after.ts";

const accepted: Verdict = Object.freeze({ kind: "accepted" });
const gone: Verdict = Object.freeze({ kind: "gone" });
const redirect: Verdict = Object.freeze({ kind: "failed", code: "redirect", retryAfter: null });
const httpStatus: Verdict = Object.freeze({ kind: "failed", code: "http_status", retryAfter: null });

/**
 * The verdict of dialects that use only the status: 2xx is success. A redirect is a failure, because redirects are not
 * followed.
 */
export function verdictOfStatus(status: number): Verdict {
  if (status >= 200 && status < 300) return accepted;
  if (status >= 300 && status < 400) return redirect;
  return httpStatus;
}

/**
 * The verdict of {@link verdictOfStatus}, with two rules of HTTP. 410 Gone means that the endpoint will never accept a
 * message again (RFC 9110 section 15.5.11). A failed reply can delay the next attempt with `Retry-After` (section
 * 10.2.3).
 */
export function verdictOfReply(reply: PushReply): Verdict {
  if (reply.status === 410) return gone;
  const verdict = verdictOfStatus(reply.status);
  if (verdict.kind !== "failed") return verdict;
  const retryAfter: RetryAfter | null = retryAfterOf(reply.headers["retry-after"]);
  return retryAfter === null ? verdict : { ...verdict, retryAfter };
}

/** Receiver: the answer to a sender that uses only the status. */
export function statusReply(handled: boolean): ReceiverReply {
  return handled
    ? { status: 204, headers: {}, body: "" }
    : { status: 500, headers: { "content-type": "text/plain" }, body: "not handled" };
}

/** The replies of dialects without keys that use only the status. */
export const statusDialect = { keys: "none", interpret: verdictOfReply, reply: statusReply } as const;
