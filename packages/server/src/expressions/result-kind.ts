import { ExpressionError } from "./expression-error.ts";
import type { Expression } from "./expression.ts";

/** `sum`: the result of `+`, which may be a number, a text, bytes, a list or a time. */
type ResultKind = "bool" | "number" | "text" | "bytes" | "list" | "map" | "time" | "null" | "sum";

const kindOfVariable: ReadonlyMap<string, ResultKind> = new Map([
  ["type", "text"],
  ["id", "text"],
  ["tags", "list"],
  ["attributes", "map"],
  ["time", "time"],
]);

const kindOfCall: ReadonlyMap<string, ResultKind> = new Map([
  ...["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "_&&_", "_||_", "!_", "@in"].map((name) => [name, "bool"] as const),
  ...["matches", "startsWith", "endsWith", "contains", "bool"].map((name) => [name, "bool"] as const),
  // A difference of two times is a time too. Where a number is refused, a time is refused.
  ...["_-_", "_*_", "_/_", "_%_", "-_", "size", "int", "uint", "double"].map((name) => [name, "number"] as const),
  ["_+_", "sum"],
  ["string", "text"],
  ["bytes", "bytes"],
  ["timestamp", "time"],
  ["duration", "time"],
]);

const kindOfConstant: Readonly<Record<string, ResultKind>> = {
  boolValue: "bool",
  int64Value: "number",
  uint64Value: "number",
  doubleValue: "number",
  stringValue: "text",
  bytesValue: "bytes",
  nullValue: "null",
};

/** Throws `ExpressionError` with the sentence `fault` if the result has a wrong kind for every message. */
export function assertResultKind(expression: Expression, allowed: readonly ResultKind[], fault: string): void {
  const kind = resultKind(expression);
  if (kind !== null && !allowed.includes(kind)) throw new ExpressionError(fault, { line: 1, column: 1 });
}

/** The kind that the result has for every message. null: it depends on the message, or is not known. */
function resultKind({ kind }: Expression): ResultKind | null {
  switch (kind.case) {
    case "constExpr":
      return kindOfConstant[kind.value.constantKind.case ?? ""] ?? null;
    case "listExpr":
      return "list";
    case "structExpr":
      return "map";
    case "identExpr":
      return kindOfVariable.get(kind.value.name.replace(/^\./, "")) ?? null;
    case "selectExpr":
      return kind.value.testOnly ? "bool" : null;
    case "callExpr":
      return kindOfCall.get(kind.value.function) ?? null;
    case "comprehensionExpr":
    case undefined:
      return null;
    default:
      return kind satisfies never;
  }
}
