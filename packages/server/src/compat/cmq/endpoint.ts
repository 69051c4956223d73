/**
 * Converts between the `protocol`, `endpoint` and `notifyContentFormat` of a CMQ subscription and the push settings of
 * a native subscription.
 */

import { assertEndpointUrl, isHttpUrl, queueOfUrl, queueUrl } from "../../domain/endpoint-url-rule.ts";
import type { PushSettings, SubscriptionSettings } from "../../domain/model.ts";
import type { ActionContext } from "./call.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { CmqError } from "./errors.ts";
import { assertResourceName, type Parameters } from "./parameters.ts";

const formats = ["JSON", "SIMPLIFIED"] as const;
export type ContentFormat = (typeof formats)[number];
const protocolOfFormat: Record<ContentFormat, string> = { JSON: "cmq-json", SIMPLIFIED: "cmq-simplified" };

/** The protocol for queues, which sends the message's body unchanged. */
const queueProtocol = "raw";

export async function endpointOf(
  { queues, endpointRule }: ActionContext,
  parameters: Parameters,
): Promise<Pick<PushSettings, "url" | "protocol">> {
  parameters.required("protocol");
  const protocols = ["http", "https", "queue", "HTTP", "HTTPS", "QUEUE"] as const;
  const protocol = parameters.choice("protocol", protocols, "unknownProtocol");
  const endpoint = parameters.required("endpoint");
  const format = contentFormatOf(parameters) ?? "JSON";
  if (protocol === null) throw new CmqError("unknownProtocol");
  if (protocol.toLowerCase() !== "queue") {
    assertHttpEndpoint(endpoint);
    endpointRule("endpoint", endpoint);
    return { url: endpoint, protocol: protocolOfFormat[format] };
  }
  assertResourceName("queueName", endpoint);
  if (format !== "SIMPLIFIED") throw new CmqError("queueNeedsSimplified");
  const queue = await queues.get(endpoint);
  if (queue === null) throw new CmqError("queueNotFound");
  return { url: queueUrl(queue.name), protocol: queueProtocol };
}

function assertHttpEndpoint(endpoint: string): void {
  if (!/^https?:\/\//i.test(endpoint)) {
    throw new CmqError("endpointForm", "endpoint must begin with http:// or https://");
  }
  if (endpoint.length > cmqLimits.endpointCharsMax) {
    throw new CmqError("endpointForm", `endpoint must have at most ${cmqLimits.endpointCharsMax} characters`);
  }
  assertEndpointUrl("endpoint", endpoint);
}

/** Returns null if the request gives no format. */
export function contentFormatOf(parameters: Parameters): ContentFormat | null {
  return parameters.choice("notifyContentFormat", formats, "unknownFormat");
}

export function withFormat(push: PushSettings | null, format: ContentFormat): PushSettings {
  if (push === null) {
    throw new CmqError("invalidParameters", "receivers pull from this subscription, so it has no format");
  }
  if (queueOfUrl(push.url) !== null) {
    if (format !== "SIMPLIFIED") throw new CmqError("queueNeedsSimplified");
    return push;
  }
  if (!isHttpUrl(push.url)) {
    throw new CmqError("invalidParameters", "the subscription is not pushed over HTTP, so it has no format");
  }
  // CMQ's dialects do not sign, so keys of the previous protocol would be refused.
  return { ...push, protocol: protocolOfFormat[format], keys: [] };
}

/** A subscription that another API has created is shown with the most similar values that CMQ has. */
export function shownEndpoint({ push }: SubscriptionSettings): Readonly<Record<"protocol" | "endpoint", string>> {
  if (push === null) return { protocol: "queue", endpoint: "" };
  const queue = queueOfUrl(push.url);
  return queue === null ? { protocol: "http", endpoint: push.url } : { protocol: "queue", endpoint: queue };
}

export function shownFormat({ push }: SubscriptionSettings): ContentFormat {
  return push?.protocol === protocolOfFormat.JSON ? "JSON" : "SIMPLIFIED";
}
