import type { JsonSchema } from "./json-schema.ts";
import { RingbackError } from "./errors.ts";
import { eventTypeLimits } from "./event-type-limits.ts";
import type { EntryState } from "./model.ts";

/** The kind of the entries of the catalogue. */
export const eventTypeKind = "event-type";

/** The entry of the catalogue about the messages of one type. */
export interface EventTypeSettings {
  readonly description: string;
  /** JSON Schema 2020-12 of the bodies; null: every body is valid. */
  readonly schema: JsonSchema | null;
  /** A body. null: none is given. */
  readonly example: unknown;
  readonly deprecated: boolean;
  /** The author's own name of this version. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EventType extends EntryState {
  readonly settings: EventTypeSettings;
}

export function assertSizes({ schema, example }: Pick<EventTypeSettings, "schema" | "example">): void {
  assertBytes("schema", schema, eventTypeLimits.schemaBytesMax);
  assertBytes("example", example, eventTypeLimits.exampleBytesMax);
}

function assertBytes(field: "schema" | "example", value: unknown, bytesMax: number): void {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  if (bytes <= bytesMax) return;
  const code = field === "schema" ? "invalid_schema" : "invalid_request";
  throw RingbackError.at(code, field, `has ${bytes} bytes as JSON; at most ${bytesMax} are allowed`);
}
