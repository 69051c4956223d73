import { Type } from "typebox";
import { actors, type AuditDetails } from "../engine/audit/audit.ts";
import type { AuditRecord } from "../store/audit.ts";
import { pageParameters } from "./query.ts";
import { about, closedObject, describedObject, nullable, timeSchema, describedShape } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const view = (description: string) =>
  Type.Unsafe<object | null>({ type: ["object", "null"], additionalProperties: true, description });

const others = Object.values(actors).map(({ id }) => `\`${id}\``);

export const auditSchema = describedShape("AuditRecord", "The record of a change.", {
  id: Type.String({ examples: ["019c1319b4ea5b2e61f0a3c7"] }),
  at: timeSchema("When the change was made."),
  who: describedObject("Who made the change.", {
    id: about(
      `The id of the API key, or a word: ${others.join(", ")} or, for compatible APIs, another one.`,
      Type.String({ examples: ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"] }),
    ),
    name: about("The name that the API key had.", nullable(Type.String({ examples: ["billing, production"] }))),
  }),
  source: about("The address of the client.", nullable(Type.String({ examples: ["192.0.2.7"] }))),
  requestId: about(
    "The id of the request, which the log has too. null: no request made the change, or the record is of an older version.",
    nullable(Type.String({ examples: ["0d6a3bd9-6c0b-4c7e-9a51-1c1e4b2f7a10"] })),
  ),
  action: about(
    "The operation: its `operationId` in this document, or the system and the action of a compatible API.",
    Type.String({ examples: ["putTopic"] }),
  ),
  target: about("What was changed, as a path below `/v1/`.", Type.String({ examples: ["topics/orders"] })),
  before: view(
    "What a GET showed before the change; of a text of more than 4,096 characters its SHA-256 hash. null: it did not exist, or the action is not a change of settings.",
  ),
  after: view(
    "What a GET showed afterwards; of an action such as a rewind, its argument or result. null: it did not exist any more.",
  ),
});

const time = (example: string) => Type.String({ format: "date-time", examples: [example] });

export const auditQuery = closedObject({
  ...pageParameters,
  from: about("Only changes at this time or later.", Type.Optional(time("2026-01-31T00:00:00Z"))),
  to: about("Only changes before this time.", Type.Optional(time("2026-02-01T00:00:00Z"))),
  who: about("Only changes with this `who.id`.", Type.Optional(Type.String())),
  action: about("Only changes with this `action`.", Type.Optional(Type.String({ examples: ["putTopic"] }))),
  target: about(
    "Only changes of this target and of what belongs to it, such as the subscriptions of a topic.",
    Type.Optional(Type.String({ examples: ["topics/orders"] })),
  ),
});

/** A record of an older version has no request id. */
type StoredDetails = Omit<AuditDetails, "requestId"> & Partial<Pick<AuditDetails, "requestId">>;

export function auditView({ id, atMs, who, action, target, details }: AuditRecord): object {
  const { whoName, source, requestId = null, before, after } = details as StoredDetails;
  return { id, at: timeText(atMs), who: { id: who, name: whoName }, source, requestId, action, target, before, after };
}
