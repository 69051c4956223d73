import { isHttpUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PushSettings, SubscriptionSettings } from "../domain/model.ts";
import type { PushTransform } from "../domain/push-transform.ts";
import { assertPushHeaders } from "../domain/push-header-rules.ts";
import { findPushProtocol } from "@ringback/sdk/protocols";
import { ExpressionError } from "./expression-error.ts";
import { compileTransform } from "./transform.ts";
import { compileWhere } from "./where.ts";

/** Throws `invalid_expression` or `invalid_request` with the field, and with the position in the expression. */
export function assertExpressions({ filter, push }: Pick<SubscriptionSettings, "filter" | "push">): void {
  const where = filter.where ?? null;
  if (where !== null) assertWhere("filter.where", where);
  const transform = push?.transform ?? null;
  if (push !== null && transform !== null) assertTransform("push.transform", transform, push);
}

export function assertWhere(field: string, text: string): void {
  withField(field, () => compileWhere(text));
}

export function assertTransform(field: string, transform: PushTransform, push: PushSettings): void {
  const { body, url, headers } = transform;
  const texts = Object.values(headers);
  const chars = [body ?? "", url ?? "", ...texts].reduce((sum, text) => sum + text.length, 0);
  if (chars > limits.transformCharsMax) {
    const fault = `has ${chars} characters; at most ${limits.transformCharsMax} are allowed`;
    throw RingbackError.at("invalid_expression", field, fault);
  }
  if ((url !== null || texts.length > 0) && !isHttpUrl(push.url)) {
    throw RingbackError.at("invalid_request", field, "can make headers and a URL over http and https only");
  }
  // The names must differ from those of the subscription's own headers too.
  const names = Object.fromEntries(Object.keys(headers).map((name) => [name, "x"]));
  const own = findPushProtocol(push.protocol) ?? {};
  assertPushHeaders(`${field}.headers`, names, own);
  assertPushHeaders(`${field}.headers`, { ...push.headers, ...names }, own);
  const authorization = Object.keys(headers).find((name) => name.toLowerCase() === "authorization");
  if ((push.auth ?? null) !== null && authorization !== undefined) {
    const fault = `cannot be given together with ${field}.headers.${authorization}; give one of the two`;
    throw RingbackError.at("invalid_request", "push.auth", fault);
  }
  withField(field, () => compileTransform(transform, push));
}

function withField(field: string, compile: () => unknown): void {
  try {
    compile();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { member, fault, position } = error;
    const prefix = position === null ? "" : `line ${position.line}, column ${position.column}: `;
    const at = member === null ? field : `${field}.${member}`;
    throw RingbackError.at("invalid_expression", at, `${prefix}${fault}`);
  }
}
