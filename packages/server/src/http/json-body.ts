import { isUtf8 } from "node:buffer";
import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { jsonFault } from "./json-fault.ts";

export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
}

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

/** Returns the JSON of a request whose body is optional. A missing body means the same as an empty object. */
export function optionalJson(request: FastifyRequest): unknown {
  return bodyBytes(request).length === 0 ? {} : jsonBody(request).value;
}

/** `parse` must throw a `RingbackError`, or the same errors as JSON.parse. */
export function jsonBody(request: FastifyRequest, parse: (text: string) => unknown = JSON.parse): JsonBody {
  if (!isJson(request.headers["content-type"])) {
    throw RingbackError.at("unsupported_media_type", "Content-Type", "must be application/json");
  }
  return parseJson(bodyBytes(request), parse);
}

export function mergePatchJson(request: FastifyRequest): unknown {
  if (!isOneOf([json, mergePatchType], request.headers["content-type"])) {
    throw RingbackError.at("unsupported_media_type", "Content-Type", `must be ${json} or ${mergePatchType}`);
  }
  return parseJson(bodyBytes(request)).value;
}

export function parseJson(bytes: Uint8Array, parse: (text: string) => unknown = JSON.parse): JsonBody {
  const text = decodeUtf8(bytes);
  try {
    return { text, value: parse(text) };
  } catch (cause) {
    if (cause instanceof RingbackError) throw cause;
    throw new RingbackError("malformed_json", sentence(text, cause), { cause });
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new RingbackError("invalid_utf8");
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

function sentence(text: string, error: unknown): string {
  if (text.trim() === "") return "The request body is empty; a JSON object is expected.";
  if (text.startsWith("\uFEFF")) return "The request body starts with a byte order mark; send it without.";
  return jsonFault(text, error);
}
