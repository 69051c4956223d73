import { isUtf8 } from "node:buffer";
import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { findJsonFault } from "./json-fault.ts";

export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
}

export function bodyBytes(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
}

/** True for application/json in any spelling. Throws for one that says it is not UTF-8. */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === "application/json") return true;
  if (contentType === undefined) return false;
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  if (type.trim() !== "application/json") return false;
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1];
    if (charset !== undefined && charset !== "utf-8" && charset !== "utf8" && charset !== "us-ascii") {
      throw RingbackError.at("unsupported_media_type", "Content-Type", "must not name a charset: JSON is UTF-8");
    }
  }
  return true;
}

/** Of a request that may also have no body at all, which means the same as no members. */
export function optionalJson(request: FastifyRequest): unknown {
  return bodyBytes(request).length === 0 ? {} : jsonBody(request).value;
}

/** `parse` may throw a `RingbackError` of its own; what else it throws is a fault of the JSON. */
export function jsonBody(request: FastifyRequest, parse: (text: string) => unknown = JSON.parse): JsonBody {
  if (!isJson(request.headers["content-type"])) {
    throw RingbackError.at("unsupported_media_type", "Content-Type", "must be application/json");
  }
  return parseJson(bodyBytes(request), parse);
}

export function parseJson(bytes: Uint8Array, parse: (text: string) => unknown = JSON.parse): JsonBody {
  const text = decodeUtf8(bytes);
  try {
    return { text, value: parse(text) };
  } catch (cause) {
    if (cause instanceof RingbackError) throw cause;
    throw new RingbackError("malformed_json", sentence(text), { cause });
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new RingbackError("invalid_utf8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function sentence(text: string): string {
  if (text.trim() === "") return "The request body is empty; a JSON object is expected.";
  if (text.startsWith("\uFEFF")) return "The request body starts with a byte order mark; send it without.";
  const fault = findJsonFault(text);
  // JSON.parse refused what the grammar allows: only a text too large for V8 can come here.
  if (fault === null) return "The request body cannot be read as JSON.";
  const before = text.slice(0, fault.index).split("\n");
  const line = before.length;
  const column = (before.at(-1) ?? "").length + 1;
  const found =
    fault.index < text.length ? `${JSON.stringify(codePointAt(text, fault.index))} stands` : "the text ends";
  return `At line ${line}, column ${column} ${found} where ${fault.expected} is expected.`;
}

function codePointAt(text: string, index: number): string {
  return String.fromCodePoint(text.codePointAt(index) ?? 0);
}
