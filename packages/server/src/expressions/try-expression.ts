import type { PushTransform } from "../domain/push-transform.ts";
import { compiled } from "./compiled-cache.ts";
import { ExpressionError } from "./expression-error.ts";
import { type ExpressionMessage, MessageVariables } from "./message-variables.ts";
import { resultJson } from "./result-json.ts";
import { compileTransform, type Transformed } from "./transform.ts";

/** Result of an expression or of a transformation for one message. */
export interface Tried {
  /** The result of an expression; null: there is none. */
  readonly json: string | null;
  /** null: no transformation was tried, or it failed. */
  readonly transformed: Transformed | null;
  readonly error: ExpressionError | null;
}

const nothing: Tried = { json: null, transformed: null, error: null };

export function tryExpression(text: string, message: ExpressionMessage): Tried {
  return tried(() => ({ ...nothing, json: resultJson(new MessageVariables(message).evaluate(compiled(text))) }));
}

export function tryTransform(transform: PushTransform, url: string, message: ExpressionMessage): Tried {
  return tried(() => ({ ...nothing, transformed: compileTransform(transform, { url, verify: null })(message) }));
}

function tried(run: () => Tried): Tried {
  try {
    return run();
  } catch (error) {
    if (error instanceof ExpressionError) return { ...nothing, error };
    throw error;
  }
}
