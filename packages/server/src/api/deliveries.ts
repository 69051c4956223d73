import type { FastifyInstance, FastifyRequest } from "fastify";
import { Type, type Static } from "typebox";
import { isTopicGranted } from "../domain/access-rules.ts";
import { RingbackError } from "../domain/errors.ts";
import { parseMessageId } from "../domain/message-id.ts";
import type { MessageId } from "../domain/model.ts";
import { about, describedObject, operation, problemResponses, writeErrors } from "../shapes/schema-parts.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";
import { noteChange } from "./audit-gate.ts";

const params = Type.Object({
  id: about("The message's id.", Type.String({ examples: ["1099511627777"] })),
  subscription: about("The subscription's name.", Type.String({ examples: ["billing"] })),
});
type DeliveryPath = Static<typeof params>;

const errors = ["message_not_found", "subscription_not_found", "delivery_conflict", ...writeErrors] as const;
const outcomes = {
  retried: "The delivery waited for its next attempt, and is due now.",
  redriven: "The dead letter is a delivery again, with all retries of its policy.",
  copied: "The delivery had ended, and the message is sent once more.",
  cancelled: "The delivery is a dead letter with the reason cancelled.",
} as const;
type Done = keyof typeof outcomes;

/** Why a delivery in a state can be neither retried nor cancelled. */
const conflicts = {
  pending: "The delivery was not attempted yet: it waits in the log for its first attempt.",
  in_flight: "The delivery is being attempted at this moment.",
  filtered: "The filter of the subscription does not match the message.",
  held: "The delivery waits behind an earlier one of its ordering key; retry or cancel that one.",
  dead: "The delivery is given up already.",
  delivered: "The delivery has been accepted already.",
  skipped: "There is no delivery of this message to cancel.",
} as const;

function schemaOf(operationId: string, summary: string, done: readonly Done[], description: string) {
  const outcome = done.map((name) => `\`${name}\`: ${outcomes[name]}`).join(" ");
  const answer = describedObject("The delivery has changed.", {
    outcome: about(outcome, Type.Enum([...done])),
  });
  const response = { 200: answer, ...problemResponses(...errors) };
  return { ...operation("messages", operationId, summary), description, params, response };
}

export function deliveryRoutes(app: FastifyInstance, { store }: ApiParts): void {
  const config = { access: "admin", omitsOtherTopics: true } as const;
  const base = "/v1/messages/:id/deliveries/:subscription";
  const retryText =
    "A parked delivery is due now, a dead letter is redriven, and any other ended delivery is sent once more, beside the " +
    "order of an ordered subscription. While the subscription is paused or disabled, the delivery waits until the " +
    "subscription is resumed. While its breaker is open, the delivery is sent as a probe, or after a probe has succeeded. " +
    "409 while the delivery is pending or in flight.";
  const retry = schemaOf("retryDelivery", "Send one delivery again now", ["retried", "redriven", "copied"], retryText);
  app.post<{ Params: DeliveryPath }>(`${base}/retry`, { schema: retry, config }, async (request) => {
    const [id, name] = await deliveryAt(store, request);
    return answer(request, await store.deliveries.retry(callerOf(request).account.id, id, name));
  });

  const cancelText =
    "A delivery that waits for a retry, or behind another one, becomes a dead letter, and later deliveries of its ordering " +
    "key go on. 409 for a delivery in any other state: before its first attempt it is in the log only.";
  const cancel = schemaOf("cancelDelivery", "Give up one delivery", ["cancelled"], cancelText);
  app.post<{ Params: DeliveryPath }>(`${base}/cancel`, { schema: cancel, config }, async (request) => {
    const [id, name] = await deliveryAt(store, request);
    return answer(request, await store.deliveries.cancel(callerOf(request).account.id, id, name));
  });
}

/** Throws `subscription_not_found` and `message_not_found`, also if the caller's key is not valid for the topic. */
async function deliveryAt(
  { records }: ApiParts["store"],
  request: FastifyRequest<{ Params: DeliveryPath }>,
): Promise<readonly [MessageId, string]> {
  const { id, subscription } = request.params;
  const { account, topics } = callerOf(request);
  const record = parseMessageId(id) && (await records.getMessage(account.id, id as MessageId));
  if (record === null || !isTopicGranted(topics, record.topic)) throw new RingbackError("message_not_found");
  if (!record.deliveries.some(({ subscription: name }) => name === subscription)) {
    const sentence = `The topic "${record.topic}" has no subscription "${subscription}".`;
    throw new RingbackError("subscription_not_found", sentence);
  }
  return [id as MessageId, subscription];
}

function answer(request: FastifyRequest, outcome: Done | keyof typeof conflicts | null): { readonly outcome: Done } {
  if (outcome === null) throw new RingbackError("message_not_found");
  if (!isDone(outcome)) throw new RingbackError("delivery_conflict", conflicts[outcome]);
  noteChange(request, { after: { outcome } });
  return { outcome };
}

function isDone(outcome: Done | keyof typeof conflicts): outcome is Done {
  return outcome in outcomes;
}
