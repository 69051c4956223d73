import type { FastifyRequest } from "fastify";
import type { Caller } from "../../engine/access/access.ts";
import { bodyBytes, readJson } from "../../http/json-body.ts";
import { clientAddressOf } from "../../http/trusted-proxies.ts";
import type { Authentication } from "./authentication.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { CmqError } from "./errors.ts";
import { bySignedNames, readForm } from "./form.ts";
import { Parameters } from "./parameters.ts";
import { targetOf } from "./request.ts";
import type { SignedRequest } from "./signature.ts";
import { missingTc3Parameter } from "./tc3-errors.ts";
import { parametersOfForm, parametersOfJson } from "./tc3-parameters.ts";
import type { Tc3SignedCall } from "./tc3-replays.ts";
import { isTc3SignedWith, readTc3Authorization } from "./tc3-signature.ts";

/** An authenticated request of the newer API. */
export interface Tc3Call {
  readonly action: string;
  /** The owner of the key that has signed the request. */
  readonly caller: Caller;
  readonly version: string;
  /** Reads the parameters. Throws `CmqError` when they are malformed. */
  readonly readParameters: () => Promise<Parameters>;
  /** For the detection of replays. Null: they were detected already. */
  readonly signed: Tc3SignedCall | null;
}

/** Reads a request with the signature in the headers: a POST of JSON, or a GET with a query. */
export async function callSignedInHeaders(authentication: Authentication, request: FastifyRequest): Promise<Tc3Call> {
  const { method = "", headers } = request.raw;
  if (method !== "GET" && method !== "POST") throw new CmqError("wrongMethod");
  const timestampS = timestampOf(headerOf(request, "x-tc-timestamp"));
  const version = required("Version", headerOf(request, "x-tc-version"));
  const action = required("Action", headerOf(request, "x-tc-action"));
  const authorization = readTc3Authorization(headers.authorization);
  const { query } = targetOf(request);
  const body = bodyBytes(request);
  // Behind a trusted proxy, clients sign the host that they asked the proxy for.
  const signed = { method, path: "/", query, headers: { ...headers, host: request.host }, body, timestampS };
  await authentication.verified(authorization.secretId, clientAddressOf(request), (secretKey) =>
    isTc3SignedWith(secretKey, signed, authorization) ? true : null,
  );
  authentication.assertInTime(timestampS);
  return {
    action,
    caller: await authentication.callerOf(authorization.secretId),
    version,
    readParameters: async () => (method === "GET" ? parametersOfForm(readForm(query)) : parametersOfBody(body)),
    signed: { action, signature: authorization.signature, body, timestampMs: timestampS * 1000 },
  };
}

/** Reads a request with the signature among its parameters, as in API 2.0. */
export async function callSignedInForm(
  authentication: Authentication,
  request: SignedRequest,
  source: string,
): Promise<Tc3Call> {
  const form = bySignedNames(request.form);
  timestampOf(form.get("Timestamp") ?? "");
  const version = required("Version", form.get("Version") ?? "");
  const action = required("Action", form.get("Action") ?? "");
  for (const name of ["SecretId", "Signature"]) required(name, form.get(name) ?? "");
  const caller = await authentication.check(request, new Parameters(form), source);
  return { action, caller, version, readParameters: async () => parametersOfForm(form), signed: null };
}

function timestampOf(text: string): number {
  required("Timestamp", text);
  if (!/^\d{1,12}$/.test(text)) throw new CmqError("wrongType", "Timestamp must be a number of seconds");
  return Number(text);
}

function required(name: string, value: string): string {
  if (value === "") throw missingTc3Parameter(name);
  return value;
}

function headerOf({ raw }: FastifyRequest, name: string): string {
  const value = raw.headers[name];
  return typeof value === "string" ? value : "";
}

async function parametersOfBody(body: Uint8Array): Promise<Parameters> {
  return parametersOfJson(body.length === 0 ? {} : await parsed(body));
}

async function parsed(bytes: Uint8Array): Promise<unknown> {
  try {
    const within = { depthMax: cmqLimits.jsonDepthMax, valuesMax: cmqLimits.jsonValuesMax };
    return await readJson(bytes, within, (text) => JSON.parse(text));
  } catch {
    throw new CmqError("unreadable", "the request is not valid JSON");
  }
}
