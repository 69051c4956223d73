import type { ReceiverReply } from "../protocols/protocol.ts";
import { plainReply } from "./receive-error.ts";
import type { ReceivedRequest } from "./receiver.ts";

/** A challenge of a sender is short, and nothing else is a challenge. */
const challengeBodyBytesMax = 1024;
const challengeForm = /^[\w-]{16,256}$/;

/**
 * Returns the reply to a sender that verifies this endpoint before it sends messages; null for any other request. The
 * reply contains only what the sender has sent, so it needs no authentication.
 *
 * Ringback POSTs `{"type": "ringback.verification", "challenge": "…"}` and expects the challenge. Senders of
 * CloudEvents send OPTIONS with `WebHook-Request-Origin` (section 4 of the CloudEvents webhook specification) and
 * expect permission.
 */
export function handshakeReply({ method, headers, body }: ReceivedRequest): ReceiverReply | null {
  if (method === "OPTIONS") return permissionFor(headers["webhook-request-origin"]);
  if (method !== "POST" || body.length > challengeBodyBytesMax) return null;
  const challenge = challengeIn(body);
  if (challenge === null) return null;
  const reply = JSON.stringify({ challenge });
  return { status: 200, headers: { "content-type": "application/json" }, body: reply };
}

function permissionFor(origin: string | undefined): ReceiverReply | null {
  if (origin === undefined || !/^[\w.:-]{1,253}$/.test(origin)) return null;
  const reply = plainReply(200, "");
  return { ...reply, headers: { ...reply.headers, "webhook-allowed-origin": origin, "webhook-allowed-rate": "*" } };
}

function challengeIn(body: Uint8Array): string | null {
  const text = new TextDecoder().decode(body);
  if (!text.includes("ringback.verification")) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 2) return null;
  const { type, challenge } = value as { readonly type?: unknown; readonly challenge?: unknown };
  const isChallenge = type === "ringback.verification" && typeof challenge === "string";
  return isChallenge && challengeForm.test(challenge) ? challenge : null;
}
