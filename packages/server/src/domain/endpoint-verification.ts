import { isHttpUrl, queueOfUrl } from "./endpoint-url-rule.ts";
import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { EndpointVerification, PushSettings, SubscriptionSettings, TimeMs } from "./model.ts";

export const verifyMethods = ["challenge", "cloudevents"] as const;

type Verified = Pick<SubscriptionSettings, "push" | "verification">;

/** Returns null if the endpoint needs no verification. An endpoint with another origin or path starts as pending. */
export function verificationOf({ push, verification }: Verified): EndpointVerification | null {
  const method = push?.verify ?? null;
  if (push === null || method === null) return null;
  const target = targetOf(push.url);
  if (verification?.target === target && verification.method === method) return verification;
  return { method, target, state: "pending", attempts: 0, nextAttemptAtMs: 0, error: null, ratePerMinute: null };
}

/** True: messages wait in the log until the endpoint has been verified. */
export function awaitsVerification(settings: Verified): boolean {
  return (verificationOf(settings)?.state ?? "verified") !== "verified";
}

/** Returns the most deliveries per minute that the endpoint has allowed; null: no limit. */
export function allowedRate(settings: Verified): number | null {
  return verificationOf(settings)?.ratePerMinute ?? null;
}

/** `error`: why the attempt has failed. */
export type VerificationOutcome = { readonly error: string } | { readonly ratePerMinute: number | null };

export function afterVerification(
  before: EndpointVerification,
  outcome: VerificationOutcome,
  atMs: TimeMs,
): EndpointVerification {
  if (!("error" in outcome)) {
    const { ratePerMinute } = outcome;
    return { ...before, state: "verified", atMs, error: null, nextAttemptAtMs: 0, ratePerMinute };
  }
  const { verifyPauseMsMin, verifyPauseMsMax, verifyTotalMsMax } = limits;
  const firstAttemptAtMs = before.firstAttemptAtMs ?? atMs;
  const nextAttemptAtMs = atMs + Math.min(verifyPauseMsMin * 2 ** Math.min(before.attempts, 32), verifyPauseMsMax);
  const state = nextAttemptAtMs - firstAttemptAtMs > verifyTotalMsMax ? "failed" : "pending";
  const attempts = before.attempts + 1;
  return { ...before, state, atMs, error: outcome.error, attempts, firstAttemptAtMs, nextAttemptAtMs };
}

/** Throws `invalid_request`. */
export function assertVerify({ url, verify = null }: Pick<PushSettings, "url" | "verify">): void {
  if (verify === null || isHttpUrl(url)) return;
  throw RingbackError.at("invalid_request", "push.verify", "is possible with http and https only");
}

/**
 * Returns the settings to store. Keeps what is known about the endpoint. If verification is required, a new URL without
 * `push.verify` gets the method `challenge`. Throws `invalid_request` for a new URL that cannot be verified.
 */
export function withVerification(
  settings: SubscriptionSettings,
  before: SubscriptionSettings | null,
  isRequired: boolean,
): SubscriptionSettings {
  const { push } = settings;
  const { verification: _, ...others } = settings;
  if (push === null) return others;
  const known = before?.verification === undefined ? {} : { verification: before.verification };
  if ((push.verify ?? null) !== null) return { ...others, ...known };
  if (!isRequired || queueOfUrl(push.url) !== null || isUnchanged(push, before?.push ?? null)) return others;
  if (!isHttpUrl(push.url)) {
    const fault = "cannot be verified, which this server requires (endpointVerification); give an http or https URL";
    throw RingbackError.at("invalid_request", "push.url", fault);
  }
  return { ...others, ...known, push: { ...push, verify: "challenge" } };
}

/** An endpoint that was stored before verification was required stays usable. */
function isUnchanged(push: PushSettings, before: PushSettings | null): boolean {
  return before !== null && (before.verify ?? null) === null && targetOf(before.url) === targetOf(push.url);
}

/** Origin and path, in the form of a URL parser. */
function targetOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? url : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
