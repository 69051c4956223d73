import { compiled } from "./compiled-cache.ts";
import { ExpressionError } from "./expression-error.ts";
import { type ExpressionMessage, MessageVariables } from "./message-variables.ts";
import { assertResultKind } from "./result-kind.ts";

/** Whether a message matches. `error`: why the expression cannot tell. */
export type WhereResult = boolean | { readonly error: string };
export type WherePredicate = (message: ExpressionMessage) => WhereResult;

/** Throws `ExpressionError`. */
export function compileWhere(text: string): WherePredicate {
  const expression = compiled(text);
  assertResultKind(expression, ["bool"], "the result must be true or false");
  return (message) => {
    try {
      const result = new MessageVariables(message).evaluate(expression);
      if (typeof result === "boolean") return result;
      return { error: `the result of filter.where is ${kindOf(result)}, and not true or false` };
    } catch (error) {
      if (error instanceof ExpressionError) return { error: `filter.where: ${error.message}` };
      throw error;
    }
  };
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "bigint" || typeof value === "number") return "a number";
  return typeof value === "string" ? "a text" : "a list, a map or a time";
}
