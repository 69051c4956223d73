import { isUtf8 } from "node:buffer";
import { setImmediate as otherWork } from "node:timers/promises";
import { isJsonSpace, JsonFault, type JsonLimits, JsonScanner, parseAround } from "@ringback/sdk/protocols";
import type { OpaqueMembers, Span } from "@ringback/sdk/protocols";
import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/** Limits of the JSON in a request. */
const requestJson: JsonLimits = { depthMax: limits.jsonDepthMax, valuesMax: limits.jsonValuesMax };

export function bodyBytes(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

const json = "application/json";
/** Content type of merge patches (RFC 7396). A patch may also have the type application/json. */
export const mergePatchType = "application/merge-patch+json";

/**
 * True for application/json with any case and parameters. Throws if the content type gives another charset than UTF-8.
 */
export function isJson(contentType: string | undefined): boolean {
  return contentType === json || isOneOf([json], contentType);
}

function isOneOf(types: readonly string[], contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  if (!types.includes(type.trim())) return false;
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1];
    if (charset !== undefined && charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
      throw RingbackError.at("unsupported_media_type", "Content-Type", "must not name a charset: JSON is UTF-8");
    }
  }
  return true;
}

/** Returns the JSON of a small request whose body is optional. A missing body means the same as an empty object. */
export function optionalJson(request: FastifyRequest): unknown {
  return bodyBytes(request).length === 0 ? {} : jsonBody(request).value;
}

/** Returns the JSON of a small request. Large ones are read by {@link readJson}. */
export function jsonBody(request: FastifyRequest): { readonly value: unknown } {
  assertJsonType(request);
  return { value: parseJson(bodyBytes(request)) };
}

export function assertJsonType(request: FastifyRequest): void {
  if (isJson(request.headers["content-type"])) return;
  throw RingbackError.at("unsupported_media_type", "Content-Type", "must be application/json");
}

export function mergePatchJson(request: FastifyRequest): unknown {
  if (!isOneOf([json, mergePatchType], request.headers["content-type"])) {
    throw RingbackError.at("unsupported_media_type", "Content-Type", `must be ${json} or ${mergePatchType}`);
  }
  return parseJson(bodyBytes(request));
}

/** Parses at once. Throws `malformed_json`, `invalid_utf8` and `json_too_complex`. */
export function parseJson(bytes: Uint8Array): unknown {
  const scanner = scannerOf(bytes, requestJson, null);
  scan(bytes, scanner);
  return JSON.parse(textOf(bytes));
}

/** The longest part of a text that is scanned at once: about 2 ms. */
const scannedBytesMax = 256 * 1024;

/**
 * Scans a text of any size. Between the steps the server does other work. Throws `malformed_json`, `invalid_utf8` and
 * `json_too_complex`.
 */
async function scanInSteps(bytes: Uint8Array, within: JsonLimits, opaque: OpaqueMembers | null): Promise<JsonScanner> {
  const scanner = scannerOf(bytes, within, opaque);
  while (!scan(bytes, scanner, scannedBytesMax)) await otherWork();
  return scanner;
}

/** Checks that the bytes are JSON. The values are not parsed, so their number is not limited. */
export async function assertJson(bytes: Uint8Array): Promise<void> {
  await scanInSteps(bytes, { ...requestJson, valuesMax: Number.POSITIVE_INFINITY }, null);
}

/** Parses a text of any size in steps. `parse` is called for valid JSON within the limits. */
export async function readJson(
  bytes: Uint8Array,
  within: JsonLimits,
  parse: (text: string) => unknown,
): Promise<unknown> {
  await scanInSteps(bytes, within, null);
  return parse(textOf(bytes));
}

/** JSON in which the values of some members were not parsed. Such a member is an index in `spans`. */
export interface PartlyParsed {
  readonly bytes: Uint8Array;
  readonly value: unknown;
  readonly spans: readonly Span[];
}

/** Reads a text of any size in steps, without parsing the values of the opaque members. */
export async function readJsonAround(bytes: Uint8Array, opaque: OpaqueMembers): Promise<PartlyParsed> {
  const { spans } = await scanInSteps(bytes, requestJson, opaque);
  return { bytes, value: parseAround(bytes, spans), spans };
}

function scannerOf(bytes: Uint8Array, within: JsonLimits, opaque: OpaqueMembers | null): JsonScanner {
  if (!isUtf8(bytes)) throw new RingbackError("invalid_utf8");
  return new JsonScanner(bytes, within, opaque);
}

function scan(bytes: Uint8Array, scanner: JsonScanner, stepBytes?: number): boolean {
  try {
    return scanner.run(stepBytes);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    if (error.kind === "limit")
      throw new RingbackError("json_too_complex", `The request body is JSON ${error.message}.`);
    throw new RingbackError("malformed_json", sentence(bytes, error), { cause: error });
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

const LINE_FEED = 0x0a;

function sentence(bytes: Uint8Array, { index, message }: JsonFault): string {
  if (index === bytes.length && bytes.every(isJsonSpace))
    return "The request body is empty; a JSON object is expected.";
  if (index === 0 && bytes[0] === 0xef) return "The request body starts with a byte order mark; send it without.";
  let line = 1;
  let lineStart = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < index; at = bytes.indexOf(LINE_FEED, at + 1)) {
    line++;
    lineStart = at + 1;
  }
  const column = textOf(bytes.subarray(lineStart, index)).length + 1;
  return `Not valid JSON at line ${line}, column ${column}: ${message}.`;
}
