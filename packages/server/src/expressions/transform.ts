import { assertEndpointUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PushSettings } from "../domain/model.ts";
import type { PushTransform } from "../domain/push-transform.ts";
import { headerValueForm } from "../domain/push-header-rules.ts";
import { compiled } from "./compiled-cache.ts";
import { ExpressionError } from "./expression-error.ts";
import type { Expression } from "./expression.ts";
import { type ExpressionMessage, MessageVariables } from "./message-variables.ts";
import { resultJson } from "./result-json.ts";
import { assertResultKind } from "./result-kind.ts";

/** Result of a transformation for one message. */
export interface Transformed {
  /** null: the body of the message. */
  readonly body: Uint8Array | null;
  /** True: the body was made from a list or a map. */
  readonly isJson: boolean;
  /** Names and values, one after the other. */
  readonly headers: readonly string[];
  /** null: the URL of the subscription. */
  readonly url: string | null;
}

/** Kinds of results, and the sentence about all others. */
type Allowed = readonly [kinds: Parameters<typeof assertResultKind>[1], fault: string];

const forBody: Allowed = [["map", "list", "text", "bytes", "sum"], "the result must be a map, a list, a text or bytes"];
const forHeader: Allowed = [["text", "null", "sum"], "the result must be a text, or null for no header"];
const forUrl: Allowed = [["text", "sum"], "the result must be a text"];

/** Throws `ExpressionError`, with the name of the expression. */
export type Transformation = (message: ExpressionMessage) => Transformed;

type Target = Pick<PushSettings, "url" | "verify">;

/** Throws `ExpressionError`. */
export function compileTransform(transform: PushTransform, target: Target): Transformation {
  const body = transform.body === null ? null : at("body", () => checked(transform.body ?? "", forBody));
  const url = transform.url === null ? null : at("url", () => checked(transform.url ?? "", forUrl));
  const headers = Object.entries(transform.headers).map(
    ([name, text]) => [name, at(`headers.${name}`, () => checked(text, forHeader))] as const,
  );
  return (message) => {
    const variables = new MessageVariables(message);
    const made = body === null ? null : at("body", () => bodyOf(body, variables));
    return {
      body: made?.body ?? null,
      isJson: made?.isJson ?? false,
      headers: at("headers", () => headersOf(headers, variables)),
      url: url === null ? null : at("url", () => urlOf(url, variables, target)),
    };
  };
}

function checked(text: string, [kinds, fault]: Allowed): Expression {
  const expression = compiled(text);
  assertResultKind(expression, kinds, fault);
  return expression;
}

/** Adds the name of the expression to its errors. */
function at<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ExpressionError && error.member === null) throw error.in(name);
    throw error;
  }
}

function bodyOf(
  expression: Expression,
  variables: MessageVariables,
): Pick<Transformed, "isJson"> & { body: Uint8Array } {
  const result = variables.evaluate(expression);
  if (result instanceof Uint8Array) return { body: bounded(result), isJson: false };
  if (typeof result === "string") return { body: bounded(Buffer.from(result)), isJson: false };
  if (typeof result !== "object" || result === null) {
    throw new ExpressionError(forBody[1]);
  }
  return { body: bounded(Buffer.from(resultJson(result))), isJson: true };
}

function bounded(body: Uint8Array): Uint8Array {
  if (body.byteLength <= limits.transformedBodyBytesMax) return body;
  const most = `at most ${limits.transformedBodyBytesMax} are allowed`;
  throw new ExpressionError(`the result has ${body.byteLength} bytes; ${most}`);
}

function headersOf(headers: readonly (readonly [string, Expression])[], variables: MessageVariables): string[] {
  const written: string[] = [];
  let bytes = 0;
  for (const [name, expression] of headers) {
    const value = at(`headers.${name}`, () => headerValue(expression, variables));
    if (value === null) continue;
    written.push(name, value);
    bytes += name.length + value.length;
  }
  if (bytes > limits.pushHeaderBytesMax) {
    const most = `at most ${limits.pushHeaderBytesMax} are allowed`;
    throw new ExpressionError(`the headers have ${bytes} bytes, names and values together; ${most}`);
  }
  return written;
}

/** null: the request gets no such header. */
function headerValue(expression: Expression, variables: MessageVariables): string | null {
  const result = variables.evaluate(expression);
  if (result === null) return null;
  if (typeof result !== "string") throw new ExpressionError(forHeader[1]);
  if (headerValueForm.test(result)) return result;
  throw new ExpressionError(
    "the result must contain only printable ASCII characters, without line breaks and without spaces at its ends",
  );
}

/** The address guard, the breakers and the verification know the origin of `target`, so the result must have it too. */
function urlOf(expression: Expression, variables: MessageVariables, target: Target): string {
  const result = variables.evaluate(expression);
  if (typeof result !== "string") throw new ExpressionError(forUrl[1]);
  const base = new URL(target.url);
  const url = URL.parse(result, base);
  if (url === null || result === "") throw new ExpressionError("the result is not a URL");
  if (url.origin !== base.origin) throw new ExpressionError(`the result must have the origin ${base.origin}`);
  if ((target.verify ?? null) !== null && url.pathname !== base.pathname) {
    throw new ExpressionError("the result must have the path of push.url, because only this path was verified");
  }
  try {
    assertEndpointUrl("url", url.href);
  } catch (error) {
    if (error instanceof RingbackError) throw new ExpressionError(error.details[0]?.message ?? error.message);
    throw error;
  }
  return url.href;
}
