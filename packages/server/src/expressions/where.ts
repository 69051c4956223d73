import { compiled } from "./compiled-cache.ts";
import { ExpressionError } from "./expression-error.ts";
import { type Expression } from "./expression.ts";
import { type ExpressionMessage, MessageVariables } from "./message-variables.ts";

/** Whether a message matches. `error`: why the expression cannot tell. */
export type WhereResult = boolean | { readonly error: string };
export type WherePredicate = (message: ExpressionMessage) => WhereResult;

/** Operators whose result is never true or false. */
const notBoolean: ReadonlySet<string> = new Set(["_+_", "_-_", "_*_", "_/_", "_%_", "-_"]);

/** Throws `ExpressionError`. */
export function compileWhere(text: string): WherePredicate {
  const expression = compiled(text);
  assertMayBeBoolean(expression);
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

function assertMayBeBoolean({ kind }: Expression): void {
  const isWrong =
    kind.case === "listExpr" ||
    kind.case === "structExpr" ||
    (kind.case === "constExpr" && kind.value.constantKind.case !== "boolValue") ||
    (kind.case === "callExpr" && notBoolean.has(kind.value.function));
  if (isWrong) throw new ExpressionError("the result must be true or false", { line: 1, column: 1 });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "bigint" || typeof value === "number") return "a number";
  return typeof value === "string" ? "a text" : "a list, a map or a time";
}
