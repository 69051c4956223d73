import type { CelValue } from "@bufbuild/cel";
import { limits } from "../domain/limits.ts";
import { losslessJson } from "../domain/lossless-json.ts";
import { celLibrary } from "./cel-library.ts";
import { ExpressionError } from "./expression-error.ts";
import { isJsonValue, type JsonValue, textOfDouble } from "./json-values.ts";
import { useSteps } from "./steps.ts";

/** Nested lists and maps in a result. */
const RESULT_DEPTH_MAX = 200;

/**
 * Writes the result of the last evaluation as JSON, up to the largest body, with the steps that this evaluation has
 * left. Throws `ExpressionError`.
 */
export function resultJson(value: CelValue): string {
  try {
    return new ResultWriter().write(value, 0);
  } catch (error) {
    // A part of the body that is nested too deeply for `JSON.stringify`.
    if (error instanceof RangeError) throw new ExpressionError("the result is nested too deeply");
    throw error;
  }
}

class ResultWriter {
  readonly #written = new Map<object, string>();
  #left: number = limits.transformedBodyBytesMax;

  write(value: CelValue, depth: number): string {
    if (depth > RESULT_DEPTH_MAX) throw new ExpressionError("the result is nested too deeply");
    const { cel } = celLibrary();
    if (value === null || typeof value === "boolean") return this.#counted(String(value));
    if (typeof value === "bigint") return this.#counted(value.toString());
    if (typeof value === "string") return this.#counted(this.#text(value));
    if (typeof value === "number") return this.#counted(numberText(value));
    // A value of the body is written as it came, so every number keeps its digits.
    if (isJsonValue(value)) return this.#counted(this.#ofBody(value));
    if (value instanceof Uint8Array) return this.#counted(this.#text(Buffer.from(value).toString("base64")));
    if (cel.isCelUint(value)) return this.#counted(value.value.toString());
    if (cel.isCelList(value)) return this.#list(value, depth);
    if (cel.isCelMap(value)) return this.#map(value, depth);
    return this.#counted(this.#text(timeText(value)));
  }

  /** Each part of the body is written once without steps, because the body itself bounds that. */
  #ofBody({ raw, isPlain }: JsonValue): string {
    const known = this.#written.get(raw);
    if (known !== undefined) {
      useSteps(1 + (known.length >> 6));
      return known;
    }
    const text = isPlain ? JSON.stringify(raw) : losslessJson.stringify(raw);
    this.#written.set(raw, text);
    return text;
  }

  #list(list: Iterable<CelValue>, depth: number): string {
    const items: string[] = [];
    for (const item of list) items.push(this.write(item, depth + 1));
    return `[${items.join(",")}]`;
  }

  #map(map: Iterable<[unknown, CelValue]>, depth: number): string {
    const { cel } = celLibrary();
    const members: string[] = [];
    for (const [key, value] of map) {
      const name = cel.isCelUint(key) ? String(key.value) : String(key);
      members.push(`${this.#counted(this.#text(name))}:${this.write(value, depth + 1)}`);
    }
    return `{${members.join(",")}}`;
  }

  #text(text: string): string {
    if (text.length > this.#left) throw tooLarge();
    return JSON.stringify(text);
  }

  #counted(text: string): string {
    useSteps(2);
    // One character more for the comma or the bracket.
    this.#left -= text.length + 1;
    if (this.#left < 0) throw tooLarge();
    return text;
  }
}

function numberText(value: number): string {
  const text = textOfDouble(value);
  if (text !== undefined) return text;
  if (Number.isFinite(value)) return String(value);
  throw new ExpressionError(`the result contains ${value}, which JSON cannot express`);
}

function tooLarge(): ExpressionError {
  return new ExpressionError(`the result is larger than ${limits.transformedBodyBytesMax} bytes`);
}

/** Times and durations in the form of Protocol Buffers: RFC 3339, and seconds such as `3.5s`. */
function timeText(value: object): string {
  const { cel, wkt } = celLibrary();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other values of CEL are types and messages
  const { message } = value as { readonly message?: Wkt };
  if (message?.$typeName === "google.protobuf.Timestamp") {
    const at = new Date(wkt.timestampMs(message as Parameters<typeof wkt.timestampMs>[0]));
    if (Number.isNaN(at.getTime())) throw new ExpressionError("the result contains a time beyond the year 275760");
    return at.toISOString();
  }
  if (message?.$typeName === "google.protobuf.Duration") {
    return `${Number(message.seconds) + message.nanos / 1e9}s`;
  }
  const name = cel.isCelType(value) ? `the type ${value.name}` : "a value";
  throw new ExpressionError(`the result contains ${name}, which JSON cannot express`);
}

interface Wkt {
  readonly $typeName: string;
  readonly seconds: bigint;
  readonly nanos: number;
}
