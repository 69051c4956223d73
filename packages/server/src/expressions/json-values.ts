/** Values of CEL that read a JSON value without a copy. Numbers keep their digits. */

import type { CelList, CelMap, CelValue } from "@bufbuild/cel";
import { JsonText, parseExactNumbers } from "../domain/lossless-json.ts";
import { celLibrary } from "./cel-library.ts";

const intMin = -(2n ** 63n);
const intMax = 2n ** 63n - 1n;
const uintMax = 2n ** 64n - 1n;

/** The marks by which the library knows its maps and lists. */
const mapMark = Symbol.for("@bufbuild/cel/map");
const listMark = Symbol.for("@bufbuild/cel/list");

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
/** Numbers that JavaScript may read as another number: of 16 digits or more, or with an exponent. */
const inexactNumber = /[\d.]{16}|\d[eE][+-]?\d/;

/** Reads a body as JSON. Returns undefined for a body that is no JSON. */
export function readJson(body: Uint8Array): CelValue | undefined {
  try {
    const text = decoder.decode(body);
    const plain: unknown = JSON.parse(text);
    return inexactNumber.test(text) ? fromJson(parseExactNumbers(text), false) : fromJson(plain, true);
  } catch (error) {
    // A body that is nested too deeply for `parseExactNumbers` fails with a RangeError.
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** An object or an array of a body; `raw` is what `JSON.parse` gives, with a `JsonText` for each inexact number. */
export interface JsonValue {
  readonly raw: object;
  /** True: `raw` contains no `JsonText`, so that `JSON.stringify` writes it. */
  readonly isPlain: boolean;
}

export function isJsonValue(value: unknown): value is JsonValue {
  return value instanceof JsonMap || value instanceof JsonList;
}

export function fromJson(raw: unknown, isPlain: boolean): CelValue {
  if (typeof raw === "string" || typeof raw === "boolean") return raw;
  if (typeof raw === "number") return Number.isSafeInteger(raw) ? BigInt(raw) : raw;
  if (typeof raw !== "object" || raw === null) return null;
  if (raw instanceof JsonText) return numberOf(String(raw));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library knows its values by their marks
  return (Array.isArray(raw) ? new JsonList(raw, isPlain) : new JsonMap(raw as JsonObject, isPlain)) as unknown as
    | CelMap
    | CelList;
}

/** An integer beyond 64 bits becomes a double, like a fraction. */
function numberOf(text: string): CelValue {
  if (!/^-?\d{1,20}$/.test(text)) return roundedOf(text);
  const integer = BigInt(text);
  if (integer >= intMin && integer <= intMax) return integer;
  return integer > 0n && integer <= uintMax ? celLibrary().cel.celUint(integer) : roundedOf(text);
}

/** Texts of the doubles that the running evaluation has read; null: of several numbers that round to one double. */
const textsOfDoubles = new Map<number, string | null>();

/** Must be called at the start of each evaluation, because the texts belong to one body. */
export function forgetTextsOfDoubles(): void {
  textsOfDoubles.clear();
}

/** Returns the digits of a double that came from the body; undefined: unknown. */
export function textOfDouble(double: number): string | undefined {
  return textsOfDoubles.get(double) ?? undefined;
}

function roundedOf(text: string): number {
  const double = Number(text);
  const known = textsOfDoubles.get(double);
  textsOfDoubles.set(double, known === undefined || known === text ? text : null);
  return double;
}

type JsonObject = Readonly<Record<string, unknown>>;

class JsonMap implements JsonValue {
  readonly [mapMark] = true;
  readonly raw: JsonObject;
  readonly isPlain: boolean;

  constructor(raw: JsonObject, isPlain: boolean) {
    this.raw = raw;
    this.isPlain = isPlain;
  }

  get size(): number {
    return Object.keys(this.raw).length;
  }

  get(key: unknown): CelValue | undefined {
    return typeof key === "string" && Object.hasOwn(this.raw, key) ? fromJson(this.raw[key], this.isPlain) : undefined;
  }

  has(key: unknown): boolean {
    return typeof key === "string" && Object.hasOwn(this.raw, key);
  }

  forEach(callback: (value: CelValue, key: string, map: this) => void): void {
    for (const [key, value] of this) callback(value, key, this);
  }

  keys(): MapIterator<string> {
    return Object.keys(this.raw).values();
  }

  *values(): Generator<CelValue> {
    for (const value of Object.values(this.raw)) yield fromJson(value, this.isPlain);
  }

  *entries(): Generator<[string, CelValue]> {
    for (const [key, value] of Object.entries(this.raw)) yield [key, fromJson(value, this.isPlain)];
  }

  [Symbol.iterator](): Generator<[string, CelValue]> {
    return this.entries();
  }
}

class JsonList implements JsonValue {
  readonly [listMark] = true;
  readonly raw: readonly unknown[];
  readonly isPlain: boolean;

  constructor(raw: readonly unknown[], isPlain: boolean) {
    this.raw = raw;
    this.isPlain = isPlain;
  }

  get size(): number {
    return this.raw.length;
  }

  get(index: number): CelValue | undefined {
    return Number.isInteger(index) && index >= 0 && index < this.raw.length
      ? fromJson(this.raw[index], this.isPlain)
      : undefined;
  }

  *values(): Generator<CelValue> {
    for (const item of this.raw) yield fromJson(item, this.isPlain);
  }

  [Symbol.iterator](): Generator<CelValue> {
    return this.values();
  }
}
