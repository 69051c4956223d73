import type { FormRequest } from "../../forms/request.ts";

/** A message as a form has it: all texts. */
export interface Publication {
  readonly format: "json" | "text";
  readonly body: string;
  readonly contentType: string;
  readonly type: string;
  readonly tags: string;
  readonly orderingKey: string;
  readonly delaySeconds: string;
  readonly attributes: string;
}

export const emptyPublication: Publication = {
  format: "json",
  body: '{\n  "hello": "world"\n}',
  contentType: "text/plain",
  type: "",
  tags: "",
  orderingKey: "",
  delaySeconds: "",
  attributes: "",
};

export type PublicationFault = "badJson" | "badDelay" | "badAttribute";

/** The fault for which the message cannot be sent; null: there is none. */
export function faultOf({ format, body, delaySeconds, attributes }: Publication): PublicationFault | null {
  if (format === "json" && jsonOf(body) === undefined) return "badJson";
  if (delaySeconds !== "" && !/^\d+(?:\.\d+)?$/.test(delaySeconds)) return "badDelay";
  return linesOf(attributes).every((line) => /^[^=]+=/.test(line)) ? null : "badAttribute";
}

/** The members of the request's body; what is not given is left out. */
export function messageOf(publication: Publication): Readonly<Record<string, unknown>> {
  const { format, body, contentType, type, orderingKey, delaySeconds } = publication;
  const tags = publication.tags.split(/[\s,]+/).filter((tag) => tag !== "");
  const attributes = linesOf(publication.attributes).map((line) => {
    const [name = ""] = line.split("=", 1);
    return [name.trim(), line.slice(name.length + 1).trim()] as const;
  });
  return {
    body: format === "json" ? (jsonOf(body) ?? body) : body,
    ...(format === "text" && contentType !== "" && { contentType }),
    ...(type !== "" && { type }),
    ...(tags.length > 0 && { tags }),
    ...(orderingKey !== "" && { orderingKey }),
    ...(delaySeconds !== "" && { delayMs: Math.round(Number(delaySeconds) * 1_000) }),
    ...(attributes.length > 0 && { attributes: Object.fromEntries(attributes) }),
  };
}

export function requestOf(topic: string, publication: Publication): FormRequest {
  return {
    method: "POST",
    path: `/v1/topics/${encodeURIComponent(topic)}/messages`,
    headers: { "content-type": "application/json" },
    body: messageOf(publication),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
