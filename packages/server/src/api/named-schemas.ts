import { isDeepStrictEqual } from "node:util";

/**
 * Gives every shape of the OpenAPI document a name: a schema of an object moves to `components.schemas`, and a
 * reference takes its place. Generators of clients make one type of each component. A schema's `title` is its name. An
 * object without a title is named after where it is: `Message` and its member `request` give `MessageRequest`.
 */

export type Json = Readonly<Record<string, unknown>>;

/** Of these, each use of a component may have its own. */
const annotations = ["description", "default", "examples", "deprecated", "readOnly", "writeOnly"] as const;

/** A reference carries these only where they differ from the component's. */
const described = new Set<string>(["description", "examples"]);

/** Members whose value is no schema, whatever it looks like. */
const values = new Set(["default", "examples", "example", "enum", "const", "required"]);

export class SchemaNames {
  readonly #components = new Map<string, Json>();

  get components(): Readonly<Record<string, Json>> {
    return Object.fromEntries([...this.#components].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * Returns the schema with references instead of objects. `fallback`: the name of a schema without a title.
   * Throws if a name is used for two different shapes.
   */
  named(schema: Json, fallback: string): Json {
    const { title, ...untitled } = schema;
    const name = typeof title === "string" ? title : fallback;
    const { isNullable, ...form } = withoutNull(untitled);
    if (!isNamed(form.schema, title)) return this.#members(untitled, name);
    const own = Object.fromEntries(annotations.flatMap((key) => (key in form.schema ? [[key, form.schema[key]]] : [])));
    const shape = this.#members(without(form.schema, ["default", "deprecated", "readOnly", "writeOnly"]), name);
    const before = this.#components.get(name);
    this.#assertSame(name, before, shape);
    if (before === undefined) this.#components.set(name, shape);
    const reference = { $ref: `#/components/schemas/${name}` };
    const component = before ?? shape;
    const kept = Object.entries(own).filter(([key, value]) => !described.has(key) || isOther(component[key], value));
    const differing = withDefaultInWords(Object.fromEntries(kept.filter(([key]) => key !== "examples")));
    return isNullable ? { anyOf: [reference, { type: "null" }], ...differing } : { ...reference, ...differing };
  }

  #assertSame(name: string, before: Json | undefined, shape: Json): void {
    if (before === undefined) return;
    const [one, other] = [before, shape].map((each) => without(each, ["description", "examples"]));
    if (!isDeepStrictEqual(one, other)) throw new Error(`two different shapes are called ${name}`);
  }

  /** The schema with references in its parts. */
  #members(schema: Json, name: string): Json {
    return Object.fromEntries(
      Object.entries(schema).map(([key, value]) => {
        if (values.has(key) || typeof value !== "object" || value === null) return [key, value];
        if (key === "properties") return [key, this.#properties(value as Json, name)];
        if (key === "items") return [key, this.named(value as Json, singular(name))];
        if (key === "anyOf") return [key, (value as Json[]).map((form) => this.named(form, name + formName(form)))];
        if (Array.isArray(value)) return [key, value];
        return [key, this.named(value as Json, name + (key === "additionalProperties" ? "Value" : capital(key)))];
      }),
    );
  }

  #properties(properties: Json, name: string): Json {
    return Object.fromEntries(
      Object.entries(properties).map(([member, schema]) => [
        member,
        this.named(schema as Json, name + capital(member)),
      ]),
    );
  }
}

/** Generators of clients refuse a default that is an object. */
function withDefaultInWords(given: Json): Json {
  const { default: value, description, ...others } = given;
  if (typeof value !== "object" || value === null) return given;
  const sentence = `Default: \`${JSON.stringify(value)}\`.`;
  return { ...others, description: description === undefined ? sentence : `${description as string} ${sentence}` };
}

function isOther(one: unknown, other: unknown): boolean {
  return !isDeepStrictEqual(one, other);
}

/** Objects with members, and whatever has a title. */
function isNamed(schema: Json, title: unknown): boolean {
  if ("$ref" in schema) return false;
  return typeof title === "string" || (schema["type"] === "object" && "properties" in schema);
}

/** Splits a schema that also allows null into its other forms. */
function withoutNull(schema: Json): { readonly schema: Json; readonly isNullable: boolean } {
  const { type, enum: values, anyOf } = schema as { type?: unknown; enum?: unknown[]; anyOf?: Json[] };
  if (Array.isArray(type) && type.includes("null")) {
    const others = (type as unknown[]).filter((one) => one !== "null");
    return { schema: { ...schema, type: others.length === 1 ? others[0] : others }, isNullable: true };
  }
  if (values?.includes(null) === true) {
    return { schema: { ...schema, enum: values.filter((one) => one !== null) }, isNullable: true };
  }
  if (anyOf?.some(isNull) === true) {
    return { schema: { ...schema, anyOf: anyOf.filter((form) => !isNull(form)) }, isNullable: true };
  }
  return { schema, isNullable: false };
}

function isNull({ type }: Json): boolean {
  return type === "null";
}

/** A form of several is named after its first member. */
function formName({ properties }: Json): string {
  return properties === undefined ? "" : capital(Object.keys(properties as Json)[0] ?? "");
}

function singular(name: string): string {
  if (/(?:sses|xes)$/.test(name)) return name.slice(0, -2);
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.endsWith("s") ? name.slice(0, -1) : `${name}Item`;
}

/** Returns the document with a type in each enumeration of texts. Without one, a client of Go has no type either. */
export function withTypedEnums(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withTypedEnums);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(([key, value]) => [key, values.has(key) ? value : withTypedEnums(value)]);
  const schema = Object.fromEntries(entries) as { readonly type?: unknown; readonly enum?: unknown };
  if (schema.type !== undefined || !Array.isArray(schema.enum)) return schema;
  const types = [...new Set(schema.enum.map((one) => (one === null ? "null" : typeof one)))];
  return { type: types.length === 1 ? types[0] : types, ...schema };
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function without(schema: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}
