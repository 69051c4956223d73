import type { TextKey, TextValues } from "../language/text.ts";
import { propertiesOf, type Property, type Schema } from "./schema.ts";
import { isSettings, Unfinished, type Settings } from "./values.ts";

/** A fault of a setting, as a sentence. `path` is as in the errors of the API: `push.url`, `keys[0]`. */
export interface Fault {
  readonly path: string;
  readonly key: TextKey;
  readonly values?: TextValues;
}

/** Checks what a form can know by itself. The server checks everything. */
export function faultsOf(
  shape: string,
  settings: Settings,
  prefix = "",
  skipped: readonly string[] = [],
): readonly Fault[] {
  return propertiesOf(shape)
    .filter(({ name }) => !skipped.includes(name))
    .flatMap((property) => faultsOfProperty(property, settings[property.name], prefix));
}

export function pathOf(prefix: string, name: string): string {
  const shown = /^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name);
  return prefix === "" ? shown : `${prefix}.${shown}`;
}

function faultsOfProperty(property: Property, value: unknown, prefix: string): readonly Fault[] {
  const path = pathOf(prefix, property.name);
  if (value === undefined || value === null || value === "") {
    // A secret that is null stays as it is.
    const mayBeNull = property.isNullable || property.schema.writeOnly === true;
    return property.isRequired && !(value === null && mayBeNull) ? [{ path, key: "forms.required" }] : [];
  }
  if (value instanceof Unfinished) {
    return [{ path, key: property.kind === "number" ? "forms.notNumber" : "forms.notJson" }];
  }
  const shape = groupShapeOf(property, value);
  if (shape !== null && isSettings(value)) return faultsOf(shape, value, path);
  return valueFaults(property.schema, value, path);
}

/** The shape of a group's value; with several kinds of groups, that of the chosen one. */
export function groupShapeOf(property: Property, value: unknown): string | null {
  if (property.kind === "group") return property.groupShape;
  if (property.kind !== "variants" || !isSettings(value)) return null;
  const groups = property.variants.filter((variant) => variant.kind === "group");
  const named = groups.find(({ name }) => name === value["type"]);
  const fitting = groups.find(({ shape }) => {
    const names = new Set(propertiesOf(shape).map(({ name }) => name));
    return Object.keys(value).every((name) => names.has(name));
  });
  return (named ?? fitting ?? groups[0])?.shape ?? null;
}

function valueFaults(schema: Schema, value: unknown, path: string): readonly Fault[] {
  if (typeof value === "number") return numberFaults(schema, value, path);
  if (typeof value === "string") return textFaults(schema, value, path);
  if (Array.isArray(value)) return listFaults(schema, value, path);
  return [];
}

function numberFaults({ type, minimum, maximum }: Schema, value: number, path: string): readonly Fault[] {
  if (type === "integer" && !Number.isInteger(value)) return [{ path, key: "forms.notWhole" }];
  if (minimum !== undefined && value < minimum) return [{ path, key: "forms.atLeast", values: { limit: minimum } }];
  if (maximum !== undefined && value > maximum) return [{ path, key: "forms.atMost", values: { limit: maximum } }];
  return [];
}

function textFaults(
  { minLength = 0, maxLength = Infinity, pattern }: Schema,
  value: string,
  path: string,
): readonly Fault[] {
  if (value.length < minLength) return [{ path, key: "forms.tooShort", values: { limit: minLength } }];
  if (value.length > maxLength) return [{ path, key: "forms.tooLong", values: { limit: maxLength } }];
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) return [{ path, key: "forms.badCharacters" }];
  return [];
}

function listFaults(
  { minItems = 0, maxItems = Infinity, items = {} }: Schema,
  given: readonly unknown[],
  path: string,
): readonly Fault[] {
  const list = given.filter((item) => item !== "");
  if (list.length < minItems) return [{ path, key: "forms.tooFew", values: { limit: minItems } }];
  if (list.length > maxItems) return [{ path, key: "forms.tooMany", values: { limit: maxItems } }];
  const isNumbers = items.type === "integer";
  const [fault] = list.flatMap((item): readonly Fault[] =>
    isNumbers && typeof item !== "number" ? [{ path, key: "forms.notNumber" }] : valueFaults(items, item, path),
  );
  return fault === undefined ? [] : [fault];
}
