import type { Jwk, ProtocolKey } from "../protocols/key.ts";
import { standardWebhooksKey } from "../protocols/standard-webhooks-key.ts";
import { standardWebhooks } from "../protocols/standard-webhooks.ts";
import type { SignedMessageReceiverOptions } from "./create-receiver.ts";
import { createReceiver } from "./create-receiver.ts";
import type { Receiver } from "./receiver.ts";

/** As the sender shows it: `whsec_…` for a shared secret, `whpk_…` for an Ed25519 public key; or a JSON Web Key. */
export type WebhookSecret = string | Jwk;

export interface WebhookReceiverOptions extends SignedMessageReceiverOptions {
  /** Any of them may have signed: the old one and the new one while a secret is being changed. */
  readonly secrets: WebhookSecret | readonly WebhookSecret[];
}

/**
 * A receiver of Standard Webhooks, from whoever sends them. Requests without a right signature, or signed too long ago,
 * are answered with 403 and never reach the handler. Throws TypeError, which says nothing of the secret, for one that
 * cannot be used, and for more than 16 of them.
 *
 * An id (`webhook-id`, or `svix-id` of old) has 1 to 256 characters, none of them a full stop or a control character: with
 * a full stop in it the signed text could be cut in another place. A message with any other id is answered with 400.
 */
export function createWebhookReceiver({ secrets, ...options }: WebhookReceiverOptions): Receiver {
  const keys = isList(secrets) ? secrets.map(keyOf) : [keyOf(secrets, 0)];
  return createReceiver({ ...options, protocol: standardWebhooks, keys });
}

function isList(secrets: WebhookReceiverOptions["secrets"]): secrets is readonly WebhookSecret[] {
  return Array.isArray(secrets);
}

/** Only a receiver's own errors name it. */
function keyOf(secret: WebhookSecret, at: number): ProtocolKey {
  const kid = `secrets[${at}]`;
  return typeof secret === "string" ? standardWebhooksKey(kid, secret) : { kid, jwk: secret };
}
