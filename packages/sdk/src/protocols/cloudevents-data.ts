/**
 * The data of an event in the JSON format of CloudEvents 1.0.2 (section 3.1). The content type decides whether the data
 * is written as JSON, as a string or in base64.
 */

import { fromBase64, toBase64 } from "./base64.ts";
import { incomingTextBytes } from "./incoming-limits.ts";
import { jsonFaultOf } from "./json-reader.ts";
import type { Span } from "./json-scan.ts";
import { isMediaType, mediaTypeOf } from "./media-type.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { joinedBytes, utf8Text } from "./text-bytes.ts";

const encoder = new TextEncoder();

/** The deepest nesting of objects and arrays in the data; hook bodies have the same limit. */
export const dataJsonDepthMax = 100;

// ---- the sender

/**
 * Adds `body` as the data to `event`, a JSON object without its closing brace, and closes the object. An empty body
 * adds no data member, because no JSON value is empty. Throws {@link UnencodableError}.
 */
export function eventWithData(event: string, contentType: string, body: Uint8Array): Uint8Array {
  if (body.length === 0) return encoder.encode(`${event}}`);
  if (isJson(contentType)) {
    assertJson(body);
    return joinedBytes(encoder.encode(`${event},"data":`), body, encoder.encode("}"));
  }
  const text = isUtf8Text(contentType) ? utf8Text(body) : null;
  const data = text === null ? `"data_base64":"${toBase64(body)}"` : `"data":${JSON.stringify(text)}`;
  return encoder.encode(`${event},${data}}`);
}

/** The data is sent as it is, so the number of its values does not matter. */
const dataJsonLimits = { depthMax: dataJsonDepthMax, valuesMax: Number.POSITIVE_INFINITY };

function assertJson(body: Uint8Array): void {
  const fault = utf8Text(body) === null ? "not JSON" : jsonFaultOf(body, dataJsonLimits);
  if (fault === null) return;
  const although = fault === "not JSON" ? ", although its content type says so" : "";
  throw new UnencodableError(`body: ${fault}${although}; use cloudevents-binary or raw`);
}

// ---- the receiver

export interface EventData {
  readonly contentType: string | null;
  readonly body: Uint8Array;
}

/**
 * Returns the data of an event. `members` are its members, with `data` replaced by an index in `spans`, which has the
 * place of the data in `body`. JSON data keeps its original bytes. Throws {@link UndecodableError}.
 */
export function dataOf(
  body: Uint8Array,
  members: Readonly<Record<string, unknown>>,
  spans: readonly Span[],
  contentType: string | null,
): EventData {
  const { data, data_base64: base64 } = members;
  if (typeof base64 === "string") {
    if (data !== undefined) throw new UndecodableError("data: not allowed together with data_base64");
    const bytes = fromBase64(base64);
    if (bytes === null) throw new UndecodableError("data_base64: not base64");
    return { contentType, body: bytes };
  }
  if (base64 !== undefined && base64 !== null) throw new UndecodableError("data_base64: not a string");
  const span = spans[Number(data)];
  if (span === undefined) return { contentType, body: new Uint8Array() };
  const written = body.subarray(span.start, span.end);
  if (contentType === null || isJson(contentType)) {
    return { contentType: contentType ?? "application/json", body: written };
  }
  return { contentType, body: stringBytes(written) };
}

const QUOTE = 0x22;
const SMALL_N = 0x6e;

/** The bytes of a JSON string, or no bytes for null, from the text of the value. */
function stringBytes(written: Uint8Array): Uint8Array {
  if (written[0] === SMALL_N) return new Uint8Array();
  if (written[0] !== QUOTE) throw new UndecodableError("data: not a string, although the content type is not JSON");
  return incomingTextBytes("data", JSON.parse(utf8Text(written) ?? ""));
}

// ---- both

/** Whether the content type is JSON. The specification checks only the subtype, not the type before the slash. */
function isJson(contentType: string): boolean {
  const named = mediaTypeOf(contentType);
  return named !== null && isMediaType(named) && (named.endsWith("/json") || named.endsWith("+json"));
}

/**
 * Whether the data is UTF-8 text, which can be sent as a string. Receivers encode the string in the charset of the
 * content type, so text in other charsets is not sent as a string.
 */
function isUtf8Text(contentType: string): boolean {
  return mediaTypeOf(contentType)?.startsWith("text/") === true && isUtf8(contentType);
}

const charset = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

/** Whether the charset of the content type is UTF-8 or missing. */
export function isUtf8(contentType: string): boolean {
  const name = charset.exec(contentType)?.[1] ?? "utf-8";
  return name.toLowerCase() === "utf-8";
}
