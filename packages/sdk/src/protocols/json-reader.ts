/** Reads JSON from bytes. The text is checked before anything is built from it, see `json-scan.ts`. */

import { JsonFault } from "./json-fault.ts";
import type { JsonLimits } from "./json-limits.ts";
import { JsonScanner, type OpaqueMembers, type Span } from "./json-scan.ts";
import { utf8Text } from "./text-bytes.ts";

/** The value, or a short description of what is wrong with the body. */
export type ReadJson = { readonly value: unknown } | { readonly fault: string };

/**
 * Parses a text that was scanned. Throws an error if the text is not JSON. `numbersAreExact`: `JSON.parse` would not
 * change the numbers of the text.
 */
export type ParseJson = (text: string, numbersAreExact: boolean) => unknown;

/** Reads JSON within the limits. */
export function readJson(
  bytes: Uint8Array,
  limits: JsonLimits,
  parse: ParseJson = (text) => JSON.parse(text),
): ReadJson {
  const text = utf8Text(bytes);
  if (text === null) return { fault: "body: not UTF-8" };
  const result = scanned(bytes, limits, false);
  if ("fault" in result) return { fault: `body: ${result.fault}` };
  try {
    return { value: parse(text, result.numbersAreExact) };
  } catch {
    return { fault: "body: not JSON" };
  }
}

/**
 * Returns what is wrong with the bytes, such as "not JSON"; null for JSON within the limits. The bytes must be UTF-8.
 */
export function jsonFaultOf(bytes: Uint8Array, limits: JsonLimits, checksStrings = true): string | null {
  const result = scanned(bytes, limits, checksStrings);
  return "fault" in result ? result.fault : null;
}

/** Scans the bytes as {@link JsonScanner} does, and returns the places of the opaque members, or what is wrong. */
export function scanned(
  bytes: Uint8Array,
  limits: JsonLimits,
  checksStrings: boolean,
  opaque?: OpaqueMembers,
): Pick<JsonScanner, "spans" | "numbersAreExact"> | { readonly fault: string } {
  const scanner = new JsonScanner(bytes, limits, checksStrings, opaque);
  try {
    scanner.run();
    return scanner;
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { fault: error.kind === "limit" ? `JSON ${error.message}` : "not JSON" };
  }
}

const QUOTE = 0x22;
const decoder = new TextDecoder();

/**
 * Parses JSON that was scanned with opaque members. In place of the value of such a member the result has the
 * index of the value in `spans`: a number, or its digits if the value is a string.
 */
export function parseAround(bytes: Uint8Array, spans: readonly Span[]): unknown {
  let text = "";
  let at = 0;
  spans.forEach(({ start, end }, index) => {
    text += decoder.decode(bytes.subarray(at, start)) + (bytes[start] === QUOTE ? `"${index}"` : String(index));
    at = end;
  });
  return JSON.parse(text + decoder.decode(bytes.subarray(at)));
}
