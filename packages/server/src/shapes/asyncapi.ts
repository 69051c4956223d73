import type { EventType } from "../domain/event-type-rules.ts";

/** The parts of an AsyncAPI 3.0 document of an account's event types. The text is the parts, one after the other. */
export async function* asyncApiText(
  account: string,
  version: string,
  pages: AsyncIterable<readonly EventType[]>,
): AsyncGenerator<string> {
  const info = { title: `Webhooks of ${account}`, version, description: "The messages that an endpoint may receive." };
  const channel = "An endpoint that the receiver has registered. Each POST carries one of these messages.";
  yield `{"asyncapi":"3.0.0","info":${JSON.stringify(info)},"defaultContentType":"application/json",`;
  yield `"channels":{"webhooks":{"address":null,"description":${JSON.stringify(channel)},"messages":{`;
  let separator = "";
  for await (const eventTypes of pages) {
    for (const eventType of eventTypes) {
      const key = messageKey(eventType.name);
      yield `${separator}${JSON.stringify(key)}:${JSON.stringify(messageOf(eventType, key))}`;
      separator = ",";
    }
  }
  yield '}}},"operations":{"sendWebhook":{"action":"send","channel":{"$ref":"#/channels/webhooks"}}}}';
}

function messageOf({ name, settings }: EventType, key: string): object {
  const { description, schema, example, deprecated, version } = settings;
  return {
    name,
    title: name,
    ...(description !== "" && { description }),
    contentType: "application/json",
    ...(schema !== null && { payload: movedSchema(schema, `#/channels/webhooks/messages/${key}/payload`) }),
    ...(example !== null && { examples: [{ payload: example }] }),
    ...(deprecated && { deprecated }),
    "x-version": version,
  };
}

/** Keys of AsyncAPI contain letters, digits, ".", "-" and "_" only. Different types have different keys. */
export function messageKey(type: string): string {
  return type.replace(/_(?=x)|[^\w.-]/gu, escapedCharacter);
}

function escapedCharacter(character: string): string {
  return `_x${character.codePointAt(0)?.toString(16)}_`;
}

/** Keywords whose value is a schema or a list of schemas. */
const subschemas: ReadonlySet<string> = new Set([
  "allOf",
  "anyOf",
  "oneOf",
  "prefixItems",
  "not",
  "if",
  "then",
  "else",
  "items",
  "contains",
  "additionalProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const maps: ReadonlySet<string> = new Set(["properties", "patternProperties", "dependentSchemas", "$defs"]);

/** Returns the schema as it must be at another place of a document: references to its parts begin at `root`. */
function movedSchema(schema: unknown, root: string): unknown {
  if (Array.isArray(schema)) return schema.map((one) => movedSchema(one, root));
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([keyword, value]: [string, unknown]): [string, unknown][] => {
      // AsyncAPI has a version of JSON Schema of its own, of which 2020-12 is close to a superset.
      if (keyword === "$schema") return [];
      if (keyword === "$ref") return [[keyword, `${root}${String(value).slice(1)}`]];
      if (subschemas.has(keyword)) return [[keyword, movedSchema(value, root)]];
      if (!maps.has(keyword)) return [[keyword, value]];
      const members = Object.entries(value as object).map(([name, part]) => [name, movedSchema(part, root)]);
      return [[keyword, Object.fromEntries(members)]];
    }),
  );
}
