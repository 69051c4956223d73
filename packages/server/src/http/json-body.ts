import { isUtf8 } from "node:buffer";
import { setImmediate as otherWork } from "node:timers/promises";
import { JsonFault, type JsonLimits, JsonScanner, noValue, parseAround } from "@ringback/sdk/protocols";
import type { OpaqueMembers, ParseJson, Span } from "@ringback/sdk/protocols";
import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/** Limits of the JSON in a request. */
const requestJson: JsonLimits = {
  depthMax: limits.jsonDepthMax,
  valuesMax: limits.jsonValuesMax,
  membersMax: limits.jsonMembersMax,
};

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
  return bodyBytes(request).length === 0 ? {} : jsonBody(request);
}

/** Returns the JSON of a small request. Large ones are read by {@link readJson}. */
export function jsonBody(request: FastifyRequest): unknown {
  assertJsonType(request);
  return parseJson(bodyBytes(request));
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
  scan(bytes, scannerOf(bytes, requestJson, false, null));
  return parsed(bytes, () => JSON.parse(textOf(bytes)));
}

/** A part of a text that is read at once: about 2 ms. */
const bytesAtOnce = 256 * 1024;

/** Checks that the bytes are JSON. The values are not parsed, so their number is not limited. */
export async function assertJson(bytes: Uint8Array): Promise<void> {
  await scanInSteps(bytes, scannerOf(bytes, { ...requestJson, valuesMax: Number.POSITIVE_INFINITY }, true, null));
}

/** Parses a text of any size. The server does other work in between. */
export async function readJson(bytes: Uint8Array, within: JsonLimits, parse: ParseJson): Promise<unknown> {
  const scanner = scannerOf(bytes, within, true, null);
  await scanInSteps(bytes, scanner);
  const value = parse(textOf(bytes), scanner.numbersAreExact);
  if (bytes.length > bytesAtOnce) await otherWork();
  return value;
}

/** JSON in which the values of some members were not parsed. Such a member is an index in `spans`. */
export interface PartlyParsed {
  readonly bytes: Uint8Array;
  readonly value: unknown;
  readonly spans: readonly Span[];
}

/**
 * Reads a text of any size without parsing the values of the opaque members. All others together may have
 * `limits.envelopeBytesMax` bytes.
 */
export async function readJsonAround(bytes: Uint8Array, opaque: OpaqueMembers): Promise<PartlyParsed> {
  const scanner = scannerOf(bytes, requestJson, false, opaque);
  await scanInSteps(bytes, scanner);
  const { spans } = scanner;
  const parsedBytes = spans.reduce((rest, { start, end }) => rest - (end - start), bytes.length);
  if (parsedBytes > limits.envelopeBytesMax) {
    const sentence = `The request has more than ${limits.envelopeBytesMax} bytes besides the bodies of its messages.`;
    throw new RingbackError("json_too_complex", sentence);
  }
  return { bytes, value: parsed(bytes, () => parseAround(bytes, spans)), spans };
}

function scannerOf(
  bytes: Uint8Array,
  within: JsonLimits,
  checksStrings: boolean,
  opaque: OpaqueMembers | null,
): JsonScanner {
  if (!isUtf8(bytes)) throw new RingbackError("invalid_utf8");
  return new JsonScanner(bytes, within, checksStrings, opaque);
}

async function scanInSteps(bytes: Uint8Array, scanner: JsonScanner): Promise<void> {
  while (!scan(bytes, scanner, bytesAtOnce)) await otherWork();
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

/** Returns what `parse` returns. If `parse` finds a fault in a string, a second scan finds the place of the fault. */
function parsed(bytes: Uint8Array, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    scan(bytes, scannerOf(bytes, unlimited, true, null));
    throw error;
  }
}

const unlimited: JsonLimits = { depthMax: Number.POSITIVE_INFINITY, valuesMax: Number.POSITIVE_INFINITY };

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

const LINE_FEED = 0x0a;

function sentence(bytes: Uint8Array, { index, message }: JsonFault): string {
  if (message === noValue) return "The request body is empty; a JSON object is expected.";
  if (index === 0 && bytes[0] === 0xef) return "The request body starts with a byte order mark; send it without.";
  let line = 1;
  let lineStart = 0;
  for (let at = 0; at < index; at++) {
    if (bytes[at] !== LINE_FEED) continue;
    line++;
    lineStart = at + 1;
  }
  const column = textOf(bytes.subarray(lineStart, index)).length + 1;
  return `Not valid JSON at line ${line}, column ${column}: ${message}.`;
}
