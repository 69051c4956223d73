import type { FastifyRequest } from "fastify";
import { isUtf8 } from "node:buffer";
import { bodyBytes } from "../../http/json-body.ts";
import { CmqError } from "./errors.ts";
import { readForm } from "./form.ts";
import type { SignedRequest } from "./signature.ts";

export const formType = "application/x-www-form-urlencoded";

/**
 * Matches scheme and host of an absolute URL, which clients send as the request target to a proxy. Clients sign only
 * the path.
 */
const schemeAndHost = /^[a-z]+:\/\/[^/?]*/i;

/** Reads a GET with a query or a POST of a form. The signature is not verified yet. */
export function signedRequestOf(request: FastifyRequest): SignedRequest {
  const { method } = request.raw;
  const url = (request.raw.url ?? "").replace(schemeAndHost, "");
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? "" : url.slice(mark + 1);
  const host = request.headers.host ?? "";
  if (method === "GET") return { method, host, path, form: readForm(query) };
  if (method !== "POST") throw new CmqError("wrongMethod");
  const bytes = bodyBytes(request);
  // Some clients POST an empty body and send their parameters in the query.
  if (bytes.length === 0) return { method, host, path, form: readForm(query) };
  if (!isForm(request.raw.headers["content-type"])) {
    throw new CmqError("wrongMethod", "a POST must have the content type application/x-www-form-urlencoded");
  }
  if (!isUtf8(bytes)) throw new CmqError("unreadable", "the form is not UTF-8");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return { method, host, path, form: readForm(text) };
}

function isForm(contentType: string | undefined): boolean {
  return (
    contentType === formType || !contentType || /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(contentType)
  );
}
