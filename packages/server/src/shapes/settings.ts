import { Type, type Static, type TObject, type TOptional, type TProperties, type TSchema, type TUnion } from "typebox";
import { mergePatch } from "./merge-patch.ts";
import type { SealedText } from "../domain/endpoint-access.ts";
import { closedObject, nullable, timeSchema, namedShape } from "./schema-parts.ts";
import { shapeReader, shownForSecret, type Schema, type ShapeOptions } from "./shape-check.ts";

/**
 * The settings of a resource are described once, by the typebox schema of the PUT body. `optional` marks a member that
 * a body may omit, and gives the member's default. The functions in this file derive everything else from this schema:
 * the complete settings and their type, the members of the view, and the schema of a PATCH body.
 */

/**
 * Everything that the API and the configuration file derive from one such schema. `T`: the type of the settings that
 * the engine gets.
 */
export interface SettingsShape<T> {
  /** The schema of a PUT body. */
  readonly body: TObject;
  /** The schema of a PATCH body. */
  readonly patch: TObject;
  /** Checks a body and fills in its defaults. Throws `RingbackError` with the field that is wrong. */
  readonly read: (body: unknown) => T;
  readonly readPatch: (patch: unknown) => object;
  /**
   * Applies a patch to stored settings and reads the result. Stored members that the schema does not have are ignored.
   * Throws the same errors as `read`.
   */
  readonly patched: (stored: object, patch: object) => T;
}

export interface SettingsOptions<S extends TObject, T> extends ShapeOptions {
  /**
   * Throws if a patch would change a setting that cannot change after the creation. `after`: the merged body, which is
   * not checked yet.
   */
  readonly assertFixed?: (before: Partial<Static<S>>, after: Partial<Static<S>>) => void;
  /** Fills in the defaults of a checked body and checks the rules that the schema does not express. */
  readonly settle: (given: Static<S>) => T;
}

export function settingsShape<S extends TObject, T>(body: S, options: SettingsOptions<S, T>): SettingsShape<T> {
  const patch = patchSchema(body);
  const check = shapeReader(body, options);
  const checkStored = shapeReader(storedSchema(body), options) as typeof check;
  const read = (given: unknown): T => options.settle(check(given));
  const readPatch: (given: unknown) => object = shapeReader(patch, options);
  const known = (stored: object): object =>
    Object.fromEntries(Object.entries(stored).filter(([name]) => Object.hasOwn(body.properties, name)));
  const patched = (stored: object, changes: object): T => {
    const before = known(stored) as Partial<Static<S>>;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- not checked yet, as its users know
    const after = mergePatch(before, changes, body) as Partial<Static<S>>;
    options.assertFixed?.(before, after);
    return options.settle(checkStored(after));
  };
  return { body, patch, read, readPatch, patched };
}

/** The schema of the facts that responses show of a certificate. */
export const certificateFacts = namedShape("Certificate", {
  subject: Type.String({ examples: ["CN=billing, O=Example"] }),
  notAfter: timeSchema("When the certificate expires."),
  fingerprint: Type.String({ description: "SHA-256.", examples: ["AB:CD:…"] }),
});

type Defaulted<T extends TSchema = TSchema> = TOptional<T> & { readonly default: unknown };

/** Marks a member that a body may omit. `byDefault`: the value of the setting in that case. */
export function optional<T extends TSchema>(schema: T, byDefault: Static<T>): Defaulted<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- typebox's own type of this is a conditional one
  return Type.Optional({ ...schema, default: byDefault }) as unknown as Defaulted<T>;
}

/** The type of a value whose omitted members got their defaults. Optional members without a default stay optional. */
export type Complete<S extends TSchema> =
  S extends TObject<infer P>
    ? { -readonly [K in keyof P as IsAlwaysThere<P[K]> extends true ? K : never]: Complete<P[K]> } & {
        -readonly [K in keyof P as IsAlwaysThere<P[K]> extends true ? never : K]?: Complete<P[K]>;
      }
    : S extends TUnion<infer Forms>
      ? Complete<Forms[number]>
      : Static<S>;

type IsAlwaysThere<S> = S extends Defaulted ? true : S extends TOptional ? false : true;

/**
 * Fills in the defaults of omitted members and drops members that the schema does not have. The members get the order
 * of the schema.
 */
export function complete<S extends TSchema>(schema: S, given: Static<S>): Complete<S> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the type says what `filled` does
  return filled(schema, given) as Complete<S>;
}

function filled(schema: Schema, given: unknown): unknown {
  const form = (schema.anyOf ?? [schema]).find((one) => isOfForm(one, given));
  if (form === undefined) return given;
  const members = given as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(form.properties ?? {}).flatMap(([name, member]) => {
      const value = Object.hasOwn(members, name) ? members[name] : member.default;
      return value === undefined ? [] : [[name, filled(member, value)]];
    }),
  );
}

function isOfForm({ properties, required = [] }: Schema, given: unknown): boolean {
  if (properties === undefined || typeof given !== "object" || given === null) return false;
  return required.every((name) => Object.hasOwn(given, name));
}

/**
 * Returns the schemas of the members of a resource's view. A view always contains all members. A member with neither a
 * value nor a default is null.
 */
export function viewMembers<P extends TProperties>({ properties }: TObject<P>): { [K in keyof P]: TSchema } {
  const members = Object.entries(properties).map(([name, member]) => {
    const schema = viewSchema(member);
    return [name, Type.IsOptional(member) && !("default" in member) ? nullable(schema) : schema];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are those of the settings
  return Object.fromEntries(members) as { [K in keyof P]: TSchema };
}

function viewSchema(schema: TSchema): TSchema {
  const { anyOf, properties, ...rest } = schema as SchemaParts;
  const { additionalProperties, writeOnly } = rest;
  if (writeOnly === true) {
    const shown = rest[shownForSecret];
    return shown === undefined ? Type.Null() : nullable(shown);
  }
  if (anyOf !== undefined) return { ...rest, anyOf: anyOf.map(viewSchema) };
  if (typeof additionalProperties === "object") {
    return { ...rest, additionalProperties: viewSchema(additionalProperties) };
  }
  if (properties === undefined) return rest;
  const { required: _, title, ...options } = rest as TSchema & { required?: string[]; title?: string };
  const shown = title === undefined ? {} : { title: title.replace(/Settings$/, "") };
  return Type.Object(viewMembers(schema as TObject), { ...options, ...shown });
}

type SchemaParts = TSchema & {
  readonly anyOf?: TSchema[];
  readonly properties?: TProperties;
  readonly additionalProperties?: TSchema | false;
  readonly writeOnly?: boolean;
  readonly [shownForSecret]?: TSchema;
};

/** The values of `viewMembers`. Settings that were stored before a member existed show its default. */
export function viewOf(schema: TObject, stored: object): Record<string, unknown> {
  const settings = withoutSecrets(schema, filled(schema, stored)) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.keys(schema.properties).map((name) => [name, settings[name] ?? null]));
}

/** Replaces each secret with null, or with what everyone may see of it. */
function withoutSecrets(schema: Schema, value: unknown): unknown {
  const { anyOf, writeOnly } = schema;
  if (writeOnly === true) {
    return schema[shownForSecret] === undefined ? null : ((value as SealedText | null)?.certificate ?? null);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const form = anyOf === undefined ? schema : anyOf.find((one) => isOfForm(one, value));
  if (form === undefined) return null;
  const { properties = {}, additionalProperties } = form;
  const others = typeof additionalProperties === "object" ? additionalProperties : {};
  // As in `viewMembers`, a member with neither a value nor a default is null.
  const withAll = { ...Object.fromEntries(Object.keys(properties).map((name) => [name, null])), ...value };
  const members = Object.entries(withAll).map(([name, member]) => {
    const schema = Object.hasOwn(properties, name) ? properties[name] : others;
    return [name, withoutSecrets(schema ?? others, member)];
  });
  return Object.fromEntries(members);
}

const sealedText = closedObject({
  sealed: Type.String(),
  bytes: Type.Integer(),
  certificate: Type.Optional(certificateFacts),
});

/**
 * The schema of stored settings to which a patch was applied. A secret in them is sealed, unless the patch gave it. The
 * schema of a patch accepts no sealed secrets, so a caller cannot give any.
 */
function storedSchema(schema: TSchema): TSchema {
  const { anyOf, properties, ...rest } = schema as SchemaParts;
  const { additionalProperties, writeOnly } = rest;
  if (writeOnly === true) return { anyOf: [schema, sealedText] };
  if (anyOf !== undefined) return { ...rest, anyOf: anyOf.map(storedSchema) };
  if (typeof additionalProperties === "object") {
    return { ...rest, additionalProperties: storedSchema(additionalProperties) };
  }
  if (properties === undefined) return rest;
  const members = Object.entries(properties).map(([name, member]) => [name, storedSchema(member)]);
  return { ...rest, properties: Object.fromEntries(members) };
}

/** The schema of a merge patch (RFC 7396): every member may be omitted, and null removes a member. */
export function patchSchema({ properties, ...rest }: TObject): TObject {
  const { examples: _, required: __, title, ...others } = rest as Record<string, unknown>;
  const options = typeof title === "string" ? { ...others, title: title.replace(/(?:Settings)?$/, "Patch") } : others;
  const members = Object.entries(properties).map(([name, member]) => [name, Type.Optional(nullable(patched(member)))]);
  return Type.Object(Object.fromEntries(members) as TProperties, options);
}

function patched(schema: TSchema): TSchema {
  const { default: _, maxProperties: __, ...rest } = schema as Record<string, unknown>;
  const { anyOf, properties, additionalProperties } = rest as {
    anyOf?: TObject[];
    properties?: TProperties;
    additionalProperties?: TSchema | false;
  };
  if (anyOf !== undefined) return { ...rest, anyOf: mergedForms(anyOf) };
  if (properties !== undefined) return patchSchema(rest as unknown as TObject);
  // In a patch of a map, null removes an entry.
  if (typeof additionalProperties === "object")
    return { ...rest, additionalProperties: nullable(additionalProperties) };
  return rest;
}

/** Returns the form's members. A member that has one constant in each form can have each of these constants. */
function withBothConstants(others: TProperties, { properties }: TObject): TProperties {
  const members = Object.entries(properties).map(([name, member]) => {
    const [one, other]: Schema[] = [member, others[name] ?? {}];
    if (one?.const === undefined) return [name, member];
    const values = [...(other?.enum ?? []), ...(other?.const === undefined ? [] : [other.const]), one.const];
    return [name, values.length === 1 ? member : { enum: values }];
  });
  return Object.fromEntries(members) as TProperties;
}

/**
 * Merges the alternative forms of an object into one form with the members of all forms. A patch contains only part of
 * an object, so the patch need not match one of the original forms.
 */
function mergedForms(forms: readonly TObject[]): TSchema[] {
  const objects = forms.filter(({ properties }) => properties !== undefined);
  if (objects.length === 0) return [...forms];
  const properties = objects.reduce<TProperties>((all, form) => ({ ...all, ...withBothConstants(all, form) }), {});
  const others = forms.filter((form) => form.properties === undefined);
  return [...others, patchSchema(Type.Object(properties, { additionalProperties: false }))];
}
