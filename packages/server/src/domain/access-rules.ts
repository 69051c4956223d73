import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { isName } from "./names.ts";

/**
 * A role says what the holder of an API key may do. `operator`: everything, in every account. `admin`: everything in
 * one account. `publish`: publish messages. `consume`: pull and acknowledge messages, call hooks, take messages from
 * inboxes. `read`: read everything, and change nothing.
 */
export const roles = ["operator", "admin", "publish", "consume", "read"] as const;
export type Role = (typeof roles)[number];

/** The role that a request needs, or one that includes it. `public`: the request needs no API key. */
export type AccessNeed = "public" | Role;

export function mayUse(role: Role, need: AccessNeed): boolean {
  if (need === "public" || need === role || role === "operator") return true;
  return role === "admin" && need !== "operator";
}

/** The rights of an API key. */
export interface Grant {
  readonly role: Role;
  /** Patterns of the names of topics. The key is valid for these topics only; null: for everything in the account. */
  readonly topics: readonly string[] | null;
  /** True: a request with the key may name another account. Always true for operators. */
  readonly allAccounts: boolean;
}

const patternForm = new RegExp(`^[A-Za-z0-9._*-]{1,${limits.nameCharsMax}}$`);

/** Throws `invalid_request`. */
export function assertGrant({ role, topics, allAccounts }: Grant): void {
  if (role === "operator" && topics !== null) {
    throw RingbackError.at("invalid_request", "topics", "cannot limit an operator's key");
  }
  if (role === "operator" && !allAccounts) {
    throw RingbackError.at("invalid_request", "allAccounts", "must be true for an operator's key, or left out");
  }
  for (const [index, pattern] of (topics ?? []).entries()) {
    if (patternForm.test(pattern)) continue;
    const rule = 'must be the name of a topic, in which "*" stands for any characters';
    throw RingbackError.at("invalid_request", `topics[${index}]`, rule);
  }
}

/**
 * True if a key that is limited to `topics` is valid for the topic. In a pattern, `*` stands for any characters. The
 * server's own logs, such as `inbox:NAME`, are not topics: no pattern matches their names.
 */
export function isTopicGranted(topics: Grant["topics"], topic: string): boolean {
  return topics === null || (isName(topic) && topics.some((pattern) => matchesPattern(pattern, topic)));
}

/** In a pattern, `*` stands for any characters. Takes time proportional to the product of the lengths. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from <= name.length - last.length;
}
