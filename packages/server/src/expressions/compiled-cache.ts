import { limits } from "../domain/limits.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { messageVariables } from "./message-variables.ts";

/** The most recently used expressions, oldest first. */
const kept = new Map<string, Expression>();
let keptChars = 0;

/** Compiles an expression about a message, once while it is in use. Throws `ExpressionError`. */
export function compiled(text: string): Expression {
  const known = kept.get(text);
  if (known !== undefined) {
    kept.delete(text);
    kept.set(text, known);
    return known;
  }
  const expression = compileExpression(text, messageVariables);
  kept.set(text, expression);
  keptChars += expression.chars;
  for (const oldest of kept.values()) {
    if (keptChars <= limits.expressionCharsKept) break;
    kept.delete(oldest.text);
    keptChars -= oldest.chars;
  }
  return expression;
}
