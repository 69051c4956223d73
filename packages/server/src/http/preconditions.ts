import type { FastifyRequest } from "fastify";
import { isPreconditionFailed, RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";

/** Conditional requests (RFC 9110 section 13): If-Match and If-None-Match for whatever changes one resource. */

/** A resource that exists, as far as its entity tag needs it. */
export interface Tagged {
  /**
   * Unique among the resources of its kind. Without an id, the creation time tells it from an earlier one of its name.
   */
  readonly id?: number | string;
  readonly createdAtMs: number;
  readonly version: number;
}

/** The condition for the store, so that the request's own condition still holds when the change is written. */
export type WriteCondition = "absent" | { readonly version: number };

/** A strong entity tag, in double quotes. */
export function entityTag({ id, createdAtMs, version }: Tagged): string {
  return `"${id ?? createdAtMs}-${version}"`;
}

export function isConditional({ headers }: FastifyRequest): boolean {
  return headers["if-match"] !== undefined || headers["if-none-match"] !== undefined;
}

/**
 * `current` is null if the resource does not exist. Throws `precondition_failed`, and `invalid_request` for a malformed
 * header.
 */
export function assertPreconditions({ headers }: FastifyRequest, current: Tagged | null): void {
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
  find: () => Promise<Tagged | null>,
): Promise<WriteCondition | undefined> {
  if (!isConditional(request)) return undefined;
  const current = await find();
  assertPreconditions(request, current);
  return current === null ? "absent" : { version: current.version };
}

const tagForm = /(?:W\/)?"[^"]*"/g;

/** undefined: there is no such header. A weak tag equals none, since all tags here are strong. */
function matches(name: string, header: string | undefined, current: Tagged | null): boolean | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return current !== null;
  const tags: readonly string[] = header.match(tagForm) ?? [];
  if (tags.length === 0 || /[^,\s]/.test(header.replaceAll(tagForm, ""))) {
    throw RingbackError.at("invalid_request", name, 'must be * or entity tags in double quotes, such as "12-3"');
  }
  return current !== null && tags.includes(entityTag(current));
}

/**
 * Runs `change`, which reads the resource, and writes it on condition that nobody else has written in between. An
 * unconditional request whose write comes second is run again; a conditional one fails with `precondition_failed`.
 */
export async function untilWritten<T>(request: FastifyRequest, change: () => Promise<T>): Promise<T> {
  for (let round = 1; round <= limits.patchRoundsMax; round++) {
    try {
      return await change();
    } catch (error) {
      if (!isPreconditionFailed(error) || isConditional(request)) throw error;
    }
  }
  throw new RingbackError("overloaded", "Too many requests change this at the same time; try again shortly.");
}
