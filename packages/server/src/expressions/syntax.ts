/** Checks the parsed expression, so that mistakes are found before the first message, and adds its costs. */

import type { Expr, Expr_Call, Expr_Comprehension } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { limits } from "../domain/limits.ts";
import { ExpressionError, type Position } from "./expression-error.ts";
import { itemFunction, meteredEnvironment, rangeFunction } from "./functions.ts";
import type { Regexes } from "./regexes.ts";

/** Names that have a value in every expression: the types of CEL. */
const typeNames = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"] as const;
/** Calls that the library evaluates without a function. */
const operators: ReadonlySet<string> = new Set(["_?_:_", "_&&_", "_||_", "_[_]", "@not_strictly_false"]);

export interface SyntaxContext {
  readonly variables: ReadonlySet<string>;
  readonly regexes: Regexes;
  readonly positionOf: (expr: Expr) => Position | null;
}

/** Throws `ExpressionError`. */
export class SyntaxCheck {
  readonly #context: SyntaxContext;
  #parts = 0;
  /** Macros around the part that is checked. */
  #macros = 0;

  constructor(context: SyntaxContext) {
    this.#context = context;
  }

  /** Returns the number of parts. */
  check(expr: Expr): number {
    this.#check(expr, new Set([...this.#context.variables, ...typeNames]), 0);
    return this.#parts;
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
        // The library looks for the variables `a`, `a.b` and `a.b.c` too.
        this.#parts += 2;
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
      case "constExpr":
      case undefined:
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
    for (const arg of args) this.#check(arg, names, depth + 1);
    if (operators.has(call.function)) return;
    // A function such as `strings.quote` looks like a call on a variable.
    const ofLibrary = target?.exprKind.case === "identExpr" ? `${target.exprKind.value.name}.${call.function}` : "";
    if (meteredEnvironment().funcs.find(ofLibrary) !== undefined) return;
    this.#check(target, names, depth + 1);
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
    if (iterRange !== undefined && this.#macros >= limits.expressionMacrosNestedMax) {
      const most = `at most ${limits.expressionMacrosNestedMax} are allowed`;
      throw this.#fault(iterRange, `too many macros (map, filter, all, exists) are inside each other; ${most}`);
    }
    const inside = new Set([...names, iterVar, accuVar]);
    const before = this.#parts;
    this.#macros++;
    this.#check(loopCondition, inside, depth + 1);
    this.#check(loopStep, inside, depth + 1);
    this.#macros--;
    const partsOfItem = this.#parts - before;
    this.#check(result, inside, depth + 1);
    macro.iterRange = callAround(rangeFunction, iterRange);
    macro.loopCondition = callAround(itemFunction, loopCondition, partsOfItem);
  }
}

/** `parts`: a second argument. */
function callAround(name: string, expr: Expr | undefined, parts?: number): Expr | undefined {
  if (expr === undefined) return undefined;
  const { id } = expr;
  const args = parts === undefined ? [expr] : [expr, constantOf(id, parts)];
  const value = { $typeName: "cel.expr.Expr.Call" as const, function: name, args };
  return { $typeName: "cel.expr.Expr", id, exprKind: { case: "callExpr", value } };
}

function constantOf(id: bigint, value: number): Expr {
  const constantKind = { case: "int64Value" as const, value: BigInt(value) };
  const constant = { $typeName: "cel.expr.Constant" as const, constantKind };
  return { $typeName: "cel.expr.Expr", id, exprKind: { case: "constExpr", value: constant } };
}
