import generated from "./generated/schemas.json";

/** The part of JSON Schema that the settings of the API use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: string;
  readonly enum?: readonly (string | null)[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly writeOnly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly propertyNames?: Schema;
}

export type ShapeName = keyof typeof generated;

/** How a setting is drawn. */
export type Kind =
  | "text"
  | "longText"
  | "number"
  | "choice"
  | "checkbox"
  | "list"
  | "map"
  | "group"
  | "variants"
  | "json";

/** A setting of a shape, with what its form needs. */
export interface Property {
  readonly name: string;
  /** The shape that has the setting, by which its sentences are found. */
  readonly shape: string;
  readonly kind: Kind;
  /** Without references, and without null. */
  readonly schema: Schema;
  /** The shape of a group. */
  readonly groupShape: string | null;
  /** One schema per kind of value, for `variants`. */
  readonly variants: readonly Variant[];
  readonly isNullable: boolean;
  readonly isRequired: boolean;
  readonly description: string;
  readonly default: unknown;
}

/** One kind of value of a setting that has several: a word, or a group of settings. */
export type Variant =
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "group"; readonly name: string; readonly shape: string };

const schemas = generated as Readonly<Record<string, Schema>>;

export function shapeNames(): readonly string[] {
  return Object.keys(schemas);
}

/** The settings of a shape, in the order of the API's description. */
export function propertiesOf(shape: string): readonly Property[] {
  const { properties = {}, required = [] } = schemas[shape] ?? {};
  return Object.entries(properties)
    .filter(([, schema]) => schema.const === undefined)
    .map(([name, schema]) => property(shape, name, schema, required.includes(name)));
}

/** The fixed members of a shape, such as `type: "basic"`, by which one kind of value is told from another. */
export function constantsOf(shape: string): Readonly<Record<string, string>> {
  const entries = Object.entries(schemas[shape]?.properties ?? {});
  return Object.fromEntries(
    entries.flatMap(([name, schema]) => (schema.const === undefined ? [] : [[name, schema.const]])),
  );
}

/** A group in which nothing is set yet. It has the names of what must be set, by which its kind is known. */
export function newGroup(shape: string): Readonly<Record<string, string | undefined>> {
  const required = Object.fromEntries((schemas[shape]?.required ?? []).map((name) => [name, undefined]));
  return { ...required, ...constantsOf(shape) };
}

function property(shape: string, name: string, given: Schema, isRequired: boolean): Property {
  const options = (given.anyOf ?? [given]).filter(({ type }) => type !== "null");
  const isNullable =
    given.anyOf?.some(({ type }) => type === "null") === true ||
    (Array.isArray(given.type) && given.type.includes("null"));
  const [only = given] = options;
  const reference = options.length === 1 ? shapeOf(only) : null;
  const schema = withoutNull(reference === null ? only : (schemas[reference] ?? {}));
  const variants = variantsOf(given.anyOf === undefined ? [] : options);
  // A group that may be null is a choice, too: null, or the group.
  const isChoice = variants.length > 1 || (isNullable && reference !== null);
  return {
    name,
    shape,
    kind: isChoice ? "variants" : kindOf(name, schema),
    schema,
    groupShape: reference,
    variants,
    isNullable,
    isRequired,
    description: [given.description, only.description, reference !== null ? schema.description : undefined]
      .filter(
        (text, index, texts) => text !== undefined && !text.startsWith("Default: `") && texts.indexOf(text) === index,
      )
      .join(" "),
    default: given.default !== undefined ? given.default : writtenDefault(given.description),
  };
}

/** The default of a group is only in its description, because a schema beside a reference cannot have one. */
function writtenDefault(description = ""): unknown {
  const [, json] = /^Default: `(.+)`\.$/.exec(description) ?? [];
  return json === undefined ? undefined : JSON.parse(json);
}

function variantsOf(options: readonly Schema[]): readonly Variant[] {
  return options.flatMap((option): readonly Variant[] => {
    const shape = shapeOf(option);
    if (shape !== null) return [{ kind: "group", name: variantName(shape), shape }];
    return (option.enum ?? []).filter((word) => word !== null).map((word) => ({ kind: "word", name: word }));
  });
}

function variantName(shape: string): string {
  return Object.values(constantsOf(shape))[0] ?? shape;
}

function shapeOf({ $ref }: Schema): string | null {
  return $ref?.split("/").at(-1) ?? null;
}

function withoutNull(schema: Schema): Schema {
  const { type, enum: words } = schema;
  const [only] = Array.isArray(type) ? (type as readonly string[]).filter((name) => name !== "null") : [type as string];
  return {
    ...schema,
    ...(only !== undefined && { type: only }),
    ...(words !== undefined && { enum: words.filter((word) => word !== null) }),
  };
}

const longTexts = /^(?:where|body|url|certificate|key|ca)$/;
const simpleKinds = new Map<unknown, Kind>([
  ["boolean", "checkbox"],
  ["integer", "number"],
  ["number", "number"],
  ["array", "list"],
]);

function kindOf(name: string, schema: Schema): Kind {
  if (schema.enum !== undefined) return "choice";
  const simple = simpleKinds.get(schema.type);
  if (simple !== undefined) return simple;
  if (schema.type === "string") return longTexts.test(name) && (schema.maxLength ?? 0) >= 1_000 ? "longText" : "text";
  if (schema.type !== "object") return "json";
  if (schema.properties !== undefined) return "group";
  return typeof schema.additionalProperties === "object" && "type" in schema.additionalProperties ? "map" : "json";
}
