import type { CelValue } from "@bufbuild/cel";
import type { Expr } from "@bufbuild/cel-spec/cel/expr/syntax_pb.js";
import { limits } from "../domain/limits.ts";
import { celLibrary } from "./cel-library.ts";
import { ExpressionError, type Position, positionAt } from "./expression-error.ts";
import { meteredEnvironment, useRegexes } from "./functions.ts";
import { forgetTextsOfDoubles } from "./json-values.ts";
import { Regexes } from "./regexes.ts";
import { startSteps } from "./steps.ts";
import { SyntaxCheck } from "./syntax.ts";

/** A compiled expression. */
export interface Expression {
  readonly text: string;
  /** The memory that the expression takes, in characters of a text. */
  readonly chars: number;
  /** The root of the parsed expression. */
  readonly kind: Expr["exprKind"];
  /** Never takes longer than `limits.expressionStepsMax` steps. Throws `ExpressionError`. */
  readonly evaluate: (variables: object) => CelValue;
}

/** Parts of a regular expression that take as much memory as a character of an expression. */
const REGEX_PARTS_PER_CHAR = 4;

interface SyntaxFault {
  readonly message: string;
  readonly location?: { readonly start: { readonly offset: number } };
}

/** Throws `ExpressionError`. */
export function compileExpression(text: string, variables: ReadonlySet<string>): Expression {
  if (text.length > limits.expressionCharsMax) {
    const most = `at most ${limits.expressionCharsMax} are allowed`;
    throw new ExpressionError(`the expression has ${text.length} characters; ${most}`);
  }
  const { cel } = celLibrary();
  const parsed = parse(text);
  const positions = parsed.sourceInfo?.positions ?? {};
  const positionOf = (id: bigint | undefined): Position | null => {
    const offset = id === undefined ? undefined : positions[id.toString()];
    return offset === undefined ? null : positionAt(text, offset);
  };
  const regexes = new Regexes();
  const parts = new SyntaxCheck({ variables, regexes, positionOf: ({ id }) => positionOf(id) }).check(parsed.expr);
  const plan = planned(() => cel.plan(meteredEnvironment(), parsed.expr));
  const evaluate = (values: object): CelValue => {
    startSteps(parts);
    forgetTextsOfDoubles();
    useRegexes(regexes);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library reads the variables by their names
    const result = withoutStacks(() => plan(values as Parameters<typeof plan>[0]));
    if (cel.isCelError(result)) throw evaluationError(result.cause, result.message, positionOf(result.exprId));
    return result;
  };
  const chars = text.length + Math.ceil(regexes.parts / REGEX_PARTS_PER_CHAR);
  return { text, chars, kind: parsed.expr.exprKind, evaluate };
}

/** The library makes an error for each failure inside an expression. Its stack would take most of the time. */
function withoutStacks<T>(run: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function parse(text: string): ReturnType<ReturnType<typeof celLibrary>["cel"]["parse"]> {
  try {
    return celLibrary().cel.parse(text);
  } catch (error) {
    throw parseError(text, error);
  }
}

function planned<T>(plan: () => T): T {
  try {
    return plan();
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    throw new ExpressionError(error instanceof Error ? error.message : String(error));
  }
}

function parseError(text: string, error: unknown): ExpressionError {
  if (error instanceof RangeError) return tooDeep();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parser's errors have these members
  const { message, location } = error as SyntaxFault;
  if (location === undefined) return new ExpressionError(message);
  // The parser's message begins with a position of its own and ends with a list of everything that may follow.
  const found = /found (.+?) but expecting/s.exec(message)?.[1]?.trim() ?? "";
  const { offset } = location.start;
  return new ExpressionError(syntaxFault(text.slice(offset), found), positionAt(text, offset));
}

const operatorForm = /^(?:&&|\|\||[=!<>]=|[<>+\-*/%?.[(]|in\b)/;

/** `rest`: the text from the fault on. The parser reports an operator where the fault may be in its right side. */
function syntaxFault(rest: string, found: string): string {
  if (rest === "") return "the expression ends too early";
  const operator = operatorForm.exec(rest)?.[0];
  if (operator !== undefined) return `what follows "${operator}" is incomplete or wrong`;
  const instead = rest.startsWith("=") ? '; write "==" to compare' : "";
  return `"${found.slice(0, 32)}" is not expected here${instead}`;
}

function tooDeep(): ExpressionError {
  return new ExpressionError("the expression is nested too deeply");
}

function evaluationError(cause: unknown, message: string, position: Position | null): ExpressionError {
  if (cause instanceof RangeError) {
    const isStack = cause.message.includes("call stack");
    return new ExpressionError(isStack ? "a value is nested too deeply" : cause.message, position);
  }
  return cause instanceof ExpressionError ? cause : new ExpressionError(message, position);
}
