import type { FastifyRequest } from "fastify";
import { isUtf8 } from "node:buffer";
import { bodyBytes } from "../../http/json-body.ts";
import { CmqError } from "./errors.ts";
import { readForm } from "./form.ts";
import type { SignedRequest } from "./signature.ts";

export const formType = "application/x-www-form-urlencoded";

/** Every method has a route, so that a wrong method is answered in the format of the API. */
export const allMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/**
 * Matches scheme and host of an absolute URL, which clients send as the request target to a proxy. Clients sign only
 * the path.
 */
const schemeAndHost = /^[a-z]+:\/\/[^/?]*/i;

/** Returns path and query of the request target. */
export function targetOf(request: FastifyRequest): { readonly path: string; readonly query: string } {
  const url = (request.raw.url ?? "").replace(schemeAndHost, "");
  const mark = url.indexOf("?");
  return mark < 0 ? { path: url || "/", query: "" } : { path: url.slice(0, mark) || "/", query: url.slice(mark + 1) };
}

/**
 * Reads a GET with a query or a POST of a form. The content type is not checked, because CMQ's Java SDK sends forms as
 * any type. The signature is not verified yet.
 */
export function signedRequestOf(request: FastifyRequest): SignedRequest {
  const { method } = request.raw;
  const { path, query } = targetOf(request);
  // Behind a trusted proxy, the host that the client asked the proxy for.
  const { host } = request;
  if (method === "GET") return { method, host, path, form: readForm(query) };
  if (method !== "POST") throw new CmqError("wrongMethod");
  const bytes = bodyBytes(request);
  // Some clients POST an empty body and send their parameters in the query.
  if (bytes.length === 0) return { method, host, path, form: readForm(query) };
  if (!isUtf8(bytes)) throw new CmqError("unreadable", "the form is not UTF-8");
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return { method, host, path, form: readForm(text) };
}
