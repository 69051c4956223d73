import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { type Revision, untilWritten, type WriteCondition } from "../domain/write-condition.ts";

/** Conditional requests (RFC 9110 section 13): If-Match and If-None-Match for all requests that change one resource. */

/** A strong entity tag, in double quotes. */
export function entityTag({ id, version }: Revision): string {
  return `"${id}-${version}"`;
}

export function isConditional({ headers }: FastifyRequest): boolean {
  return headers["if-match"] !== undefined || headers["if-none-match"] !== undefined;
}

/**
 * `current` is null if the resource does not exist. Throws `precondition_failed`, and `invalid_request` for a malformed
 * header.
 */
function assertPreconditions({ headers }: FastifyRequest, current: Revision | null): void {
  if (matches("If-Match", headers["if-match"], current) === false) {
    const missing = "The resource does not exist, so that no If-Match can hold.";
    const changed = current && `The resource was changed: its ETag is ${entityTag(current)} now.`;
    throw new RingbackError("precondition_failed", changed ?? missing);
  }
  if (matches("If-None-Match", headers["if-none-match"], current) === true) {
    const tag = current && `; its ETag is ${entityTag(current)}`;
    throw new RingbackError("precondition_failed", `The resource exists${tag}.`);
  }
}

/**
 * Changes one resource under the conditions of a request. `write` gets the result of `find`. If the request has
 * conditions, `write` also gets a condition on this state of the resource. If another request has written in between,
 * both functions run again. `find` returns null if the resource does not exist.
 */
export function writeConditionally<R extends Revision | null, T>(
  request: FastifyRequest,
  find: () => Promise<R>,
  write: (current: R, condition?: WriteCondition) => Promise<T>,
): Promise<T> {
  return untilWritten(async () => {
    const current = await find();
    assertPreconditions(request, current);
    return isConditional(request) ? write(current, current ?? "absent") : write(current);
  });
}

/** Empty members of the list are ignored (RFC 9110 section 5.6.1). */
const tagList = /^[\t ,]*(?:W\/)?"[^"]*"(?:[\t ]*,[\t ,]*(?:W\/)?"[^"]*")*[\t ,]*$/;

/**
 * Returns undefined if the request has no such header. In If-Match a weak tag never matches. In If-None-Match a weak
 * tag matches its strong form (RFC 9110 section 8.8.3.2).
 */
function matches(
  name: "If-Match" | "If-None-Match",
  header: string | undefined,
  current: Revision | null,
): boolean | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return current !== null;
  if (!tagList.test(header)) {
    throw RingbackError.at("invalid_request", name, 'must be * or entity tags in double quotes, such as "12-3"');
  }
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  const comparable = name === "If-Match" ? tags : tags.map((tag) => tag.replace("W/", ""));
  return current !== null && comparable.includes(entityTag(current));
}
