import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { type Revision, untilWritten, type WriteCondition } from "../domain/write-condition.ts";

/** Conditional requests (RFC 9110 section 13): If-Match and If-None-Match for whatever changes one resource. */

/** A strong entity tag, in double quotes. */
export function entityTag({ id, createdAtMs, version }: Revision): string {
  return `"${id ?? createdAtMs}-${version}"`;
}

export function isConditional({ headers }: FastifyRequest): boolean {
  return headers["if-match"] !== undefined || headers["if-none-match"] !== undefined;
}

/**
 * `current` is null if the resource does not exist. Throws `precondition_failed`, and `invalid_request` for a malformed
 * header.
 */
export function assertPreconditions({ headers }: FastifyRequest, current: Revision | null): void {
  if (matches("If-Match", headers["if-match"], current) === false) {
    throw new RingbackError(
      "precondition_failed",
      current === null
        ? "The resource does not exist, so that no If-Match can hold."
        : `The resource was changed: its ETag is ${entityTag(current)} now.`,
    );
  }
  if (matches("If-None-Match", headers["if-none-match"], current) === true) {
    throw new RingbackError(
      "precondition_failed",
      `The resource exists${current && `; its ETag is ${entityTag(current)}`}.`,
    );
  }
}

/** Asserts the conditions of a PUT, which fetches the resource only for this. Returns the condition for the store. */
export async function writeCondition(
  request: FastifyRequest,
  find: () => Promise<Revision | null>,
): Promise<WriteCondition | undefined> {
  return isConditional(request) ? conditionOf(request, await find()) : undefined;
}

/**
 * Asserts the conditions of a request, and returns the condition for the store: the request's own condition still holds
 * when the change is written.
 */
export function conditionOf(request: FastifyRequest, current: Revision | null): WriteCondition | undefined {
  if (!isConditional(request)) return undefined;
  assertPreconditions(request, current);
  return current ?? "absent";
}

const tagForm = /(?:W\/)?"[^"]*"/g;

/** undefined: there is no such header. A weak tag equals none, since all tags here are strong. */
function matches(name: string, header: string | undefined, current: Revision | null): boolean | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return current !== null;
  const tags: readonly string[] = header.match(tagForm) ?? [];
  if (tags.length === 0 || /[^,\s]/.test(header.replaceAll(tagForm, ""))) {
    throw RingbackError.at("invalid_request", name, 'must be * or entity tags in double quotes, such as "12-3"');
  }
  return current !== null && tags.includes(entityTag(current));
}

/** Runs the change of a PATCH, which reads and writes; an unconditional one runs again if its write came second. */
export function patchUntilWritten<T>(request: FastifyRequest, change: () => Promise<T>): Promise<T> {
  return isConditional(request) ? change() : untilWritten(change);
}
