import type { Jwk, ProtocolKey } from "../protocols/key.ts";
import { standardWebhooksKey } from "../protocols/standard-webhooks-key.ts";
import { standardWebhooks } from "../protocols/standard-webhooks.ts";
import { createReceiver, type SignedMessageReceiverOptions } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

/**
 * The text that the sender shows (`whsec_…` for a shared secret, `whpk_…` for an Ed25519 public key), or a JSON Web
 * Key.
 */
export type WebhookSecret = string | Jwk;

export interface WebhookReceiverOptions extends SignedMessageReceiverOptions {
  /** The secrets that a sender may have signed with. During a rotation the old and the new secret are both valid. */
  readonly secrets: WebhookSecret | readonly WebhookSecret[];
}

/**
 * Creates a receiver of Standard Webhooks from any sender. A request without a valid signature, or with an old
 * timestamp, is answered with 403 and does not reach the handler. Throws TypeError for an unusable secret and for more
 * than 16 secrets; the error contains nothing of a secret.
 *
 * An id (`webhook-id`, or `svix-id` from older senders) has 1 to 256 characters and contains no full stop and no
 * control character. A full stop would make the signed text ambiguous. A message with another id is answered with 400.
 */
export function createWebhookReceiver({ secrets, ...options }: WebhookReceiverOptions): Receiver {
  const keys = isList(secrets) ? secrets.map(keyOf) : [keyOf(secrets, 0)];
  return createReceiver({ ...options, protocol: standardWebhooks, keys });
}

function isList(secrets: WebhookReceiverOptions["secrets"]): secrets is readonly WebhookSecret[] {
  return Array.isArray(secrets);
}

/** Returns the key. Its kid is visible only in errors of the receiver. */
function keyOf(secret: WebhookSecret, at: number): ProtocolKey {
  const kid = `secrets[${at}]`;
  // Programs read secrets from their environment, where a variable may be missing or empty, whatever the types say.
  const given: WebhookSecret | null | undefined = secret;
  if (given === undefined || given === null || given === "") {
    throw new TypeError(`${kid}: there is no secret. Is the variable with the secret set?`);
  }
  return typeof given === "string" ? standardWebhooksKey(kid, given) : { kid, jwk: given };
}
