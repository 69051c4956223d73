import * as fc from "fast-check";
import type { Seq, TopicId } from "../../domain/model.ts";
import { ExpressionError } from "../expression-error.ts";
import { compileExpression, type Expression } from "../expression.ts";
import { MessageVariables, messageVariables } from "../message-variables.ts";
import { resultJson } from "../result-json.ts";
import { bodies, expressions } from "./random-expressions.ts";

/** The longest evaluation that is allowed, in microseconds of CPU time. */
const usMax = 1_000;
/** A slow evaluation is measured again, because the first one may have waited for the collection of garbage. */
const MEASURED_AGAIN = 5;

export interface FuzzCounts {
  compiled: number;
  succeeded: number;
  failed: number;
  slowestUs: number;
}

/**
 * Compiles and evaluates random expressions. Throws what is no `ExpressionError`, and with `isTimed` for an evaluation
 * that takes too long.
 */
export function countFuzz(
  runs: number,
  { isTimed, seed }: { readonly isTimed: boolean; readonly seed?: number },
): FuzzCounts {
  const counts: FuzzCounts = { compiled: 0, succeeded: 0, failed: 0, slowestUs: 0 };
  const property = fc.property(expressions, bodies, (text, body) => {
    const expression = compiledOrNull(text);
    if (expression === null) return;
    counts.compiled++;
    let us = evaluate(expression, body, counts);
    const repetitions = isTimed ? MEASURED_AGAIN : 0;
    for (let again = 0; us > usMax && again < repetitions; again++) {
      us = Math.min(us, evaluate(expression, body, null));
    }
    counts.slowestUs = Math.max(counts.slowestUs, us);
    if (isTimed && us > usMax) throw new Error(`takes ${us} µs: ${text}`);
  });
  fc.assert(property, { numRuns: runs, ...(seed === undefined ? {} : { seed }) });
  return counts;
}

function compiledOrNull(text: string): Expression | null {
  try {
    return compileExpression(text, messageVariables);
  } catch (error) {
    if (error instanceof ExpressionError) return null;
    throw error;
  }
}

/** Returns the CPU time. */
function evaluate(expression: Expression, body: Uint8Array, counts: FuzzCounts | null): number {
  const message = {
    topicId: 1 as TopicId,
    seq: 7 as Seq,
    type: "invoice.paid",
    tags: ["eu", "gold"],
    attributes: { tier: "gold" },
    body,
    publishedAtMs: Date.UTC(2026, 0, 31),
  };
  const before = process.threadCpuUsage();
  try {
    resultJson(expression.evaluate(new MessageVariables(message)));
    if (counts !== null) counts.succeeded++;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    if (counts !== null) counts.failed++;
  }
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
