/** Checks the parsed expression, so that mistakes are found before the first message, and adds its costs. */

import type { Expr, Expr_Call, Expr_Comprehension } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { limits } from "../domain/limits.ts";
import { ExpressionError, type Position } from "./expression-error.ts";
import { itemFunction, meteredEnvironment, rangeFunction } from "./functions.ts";
import type { Regexes } from "./regexes.ts";

/** Names that have a value in every expression: the types of CEL. */
const typeNames = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"] as const;
/** Calls that the library evaluates without a function. */
const operators: ReadonlyMap<string, number> = new Map([
  ["_?_:_", 3],
  ["_&&_", 2],
  ["_||_", 2],
  ["_[_]", 2],
  ["@not_strictly_false", 1],
]);

export interface SyntaxContext {
  readonly variables: ReadonlySet<string>;
  readonly regexes: Regexes;
  readonly positionOf: (expr: Expr) => Position | null;
}

/** Throws `ExpressionError`. */
export class SyntaxCheck {
  readonly #context: SyntaxContext;
  #parts = 0;

  constructor(context: SyntaxContext) {
    this.#context = context;
  }

  check(expr: Expr): void {
    this.#check(expr, new Set([...this.#context.variables, ...typeNames]), 0);
  }

  #fault(expr: Expr, sentence: string): ExpressionError {
    return new ExpressionError(sentence, this.#context.positionOf(expr));
  }

  #check(expr: Expr | undefined, names: ReadonlySet<string>, depth: number): void {
    if (expr === undefined) return;
    if (depth > limits.expressionDepthMax) throw this.#fault(expr, "the expression is nested too deeply");
    if (++this.#parts > limits.expressionPartsMax) {
      throw this.#fault(expr, `the expression has more than ${limits.expressionPartsMax} parts`);
    }
    const { exprKind } = expr;
    switch (exprKind.case) {
      case "identExpr":
        this.#checkName(expr, exprKind.value.name, names);
        break;
      case "selectExpr":
        this.#check(exprKind.value.operand, names, depth + 1);
        break;
      case "callExpr":
        this.#checkCall(expr, exprKind.value, names, depth);
        break;
      case "listExpr":
        for (const element of exprKind.value.elements) this.#check(element, names, depth + 1);
        break;
      case "structExpr":
        if (exprKind.value.messageName !== "") {
          throw this.#fault(expr, `there is no type "${exprKind.value.messageName.slice(0, 64)}"`);
        }
        for (const { keyKind, value } of exprKind.value.entries) {
          if (keyKind.case === "mapKey") this.#check(keyKind.value, names, depth + 1);
          this.#check(value, names, depth + 1);
        }
        break;
      case "comprehensionExpr":
        this.#checkMacro(exprKind.value, names, depth);
        break;
      default:
        break;
    }
  }

  #checkName(expr: Expr, name: string, names: ReadonlySet<string>): void {
    if (names.has(name.startsWith(".") ? name.slice(1) : name)) return;
    const known = [...this.#context.variables].join(", ");
    throw this.#fault(expr, `there is no variable "${name.slice(0, 64)}"; the variables are ${known}`);
  }

  #checkCall(expr: Expr, call: Expr_Call, names: ReadonlySet<string>, depth: number): void {
    const { target, args } = call;
    this.#check(target, names, depth + 1);
    for (const arg of args) this.#check(arg, names, depth + 1);
    if (operators.get(call.function) !== undefined) return;
    const found = meteredEnvironment().funcs.find(call.function);
    const name = call.function.slice(0, 64);
    if (found === undefined) throw this.#fault(expr, `there is no function "${name}"`);
    const isFit = [...found].some(
      (func) => func.arguments.length === args.length && (func.target === undefined) === (target === undefined),
    );
    if (!isFit) {
      const how = target === undefined ? "cannot be called with" : "cannot be called on a value with";
      throw this.#fault(expr, `the function "${name}" ${how} ${args.length} arguments`);
    }
    if (call.function === "matches") this.#checkRegex(expr, args);
  }

  #checkRegex(expr: Expr, args: readonly Expr[]): void {
    const pattern = args.at(-1)?.exprKind;
    const constant = pattern?.case === "constExpr" ? pattern.value.constantKind : undefined;
    if (constant?.case !== "stringValue") {
      throw this.#fault(expr, "the regular expression must be written as a text, because it is compiled only once");
    }
    const fault = this.#context.regexes.add(constant.value);
    if (fault !== null) throw this.#fault(expr, fault);
  }

  #checkMacro(macro: Expr_Comprehension, names: ReadonlySet<string>, depth: number): void {
    const { iterVar, accuVar, iterRange, accuInit, loopCondition, loopStep, result } = macro;
    this.#check(iterRange, names, depth + 1);
    this.#check(accuInit, names, depth + 1);
    const inside = new Set([...names, iterVar, accuVar]);
    this.#check(loopCondition, inside, depth + 1);
    this.#check(loopStep, inside, depth + 1);
    this.#check(result, inside, depth + 1);
    macro.iterRange = callAround(rangeFunction, iterRange);
    macro.loopCondition = callAround(itemFunction, loopCondition);
  }
}

function callAround(name: string, expr: Expr | undefined): Expr | undefined {
  if (expr === undefined) return undefined;
  const value = { $typeName: "cel.expr.Expr.Call" as const, function: name, args: [expr] };
  return { $typeName: "cel.expr.Expr", id: expr.id, exprKind: { case: "callExpr", value } };
}
