import { Type } from "typebox";
import { eventTypeLimits } from "../domain/event-type-limits.ts";
import type { EventType } from "../domain/event-type-rules.ts";
import type { JsonSchema } from "../domain/json-schema.ts";
import { description, labels } from "./labels.ts";
import { about, bodyShape, changeTimes, changeTimesView, describedShape } from "./schema-parts.ts";
import { complete, optional, settingsShape, viewMembers, viewOf } from "./settings.ts";

const exampleSchema = {
  type: "object",
  properties: { id: { type: "string" }, amount: { type: "integer", minimum: 1 } },
  required: ["id", "amount"],
};

/** The schema of all settings of an event type. */
const settings = bodyShape(
  "EventTypeSettings",
  [
    {
      description: "An invoice was paid.",
      schema: exampleSchema,
      example: { id: "in_17", amount: 4200 },
      version: "2",
    },
  ],
  {
    description,
    schema: about(
      "JSON Schema 2020-12 of the bodies; null: every body is valid. References must stay within the schema " +
        "(`#/$defs/…`), patterns are regular expressions of RE2, unknown keywords are refused unless they begin with `x-`. " +
        `At most ${eventTypeLimits.schemaBytesMax} bytes as JSON, ${eventTypeLimits.subschemasMax} subschemas and ${eventTypeLimits.schemaDepthMax} levels.`,
      optional(
        Type.Unsafe<JsonSchema | null>({
          type: ["object", "null"],
          additionalProperties: {},
          examples: [exampleSchema],
        }),
        null,
      ),
    ),
    example: about(
      `A body, which must be valid by the schema; null: none. At most ${eventTypeLimits.exampleBytesMax} bytes as JSON.`,
      optional(Type.Unsafe<unknown>({ examples: [{ id: "in_17", amount: 4200 }] }), null),
    ),
    deprecated: about(
      "True: publishers should use another type. Messages are still accepted, and the response to a publish says so.",
      optional(Type.Boolean(), false),
    ),
    version: about(
      "Your own name of this version of the type.",
      optional(
        Type.String({ minLength: 1, maxLength: eventTypeLimits.versionCharsMax, examples: ["2", "2026-01-31"] }),
        "1",
      ),
    ),
    labels,
  },
);

export const eventTypeShape = settingsShape(settings, {
  codes: { schema: "invalid_schema" },
  settle: (given) => complete(settings, given),
});

export const eventTypeSchema = describedShape("EventType", "The event type.", {
  type: Type.String({ examples: ["invoice.paid"] }),
  ...viewMembers(settings),
  ...changeTimes,
});

export function eventTypeView(eventType: EventType): object {
  return { type: eventType.name, ...viewOf(settings, eventType.settings), ...changeTimesView(eventType) };
}
