import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../../config/record.ts";

/** One setting that differs. */
export interface Difference {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface Comparison {
  readonly differences: readonly Difference[];
  /** The file has secrets, which no response of the server shows. */
  readonly hasSecrets: boolean;
}

/** The members whose values are secrets. */
const secretPaths = /^(?:push\.headers|push\.auth|push\.tls|auth|tls|verify)\b/;
const shownSecret = "[hidden]";

/**
 * Compares the settings of the file with the view of the server. Members that only the view has, such as `createdAt`,
 * are no settings. A value that the view shows as null may be a secret.
 */
export function compare(settings: Readonly<Record<string, unknown>>, view: unknown): Comparison {
  const differences: Difference[] = [];
  let hasSecrets = false;
  const walk = (path: string, to: unknown, from: unknown): void => {
    if (isDeepStrictEqual(to, from)) return;
    const isSecret = secretPaths.test(path);
    if (isSecret && typeof to !== "object" && (from === null || from === undefined)) {
      hasSecrets = true;
      return;
    }
    if (isRecord(to) && isRecord(from)) {
      const names = isSecret || isFree(path) ? new Set([...Object.keys(to), ...Object.keys(from)]) : Object.keys(to);
      for (const name of names) walk(path === "" ? name : `${path}.${name}`, own(to, name), own(from, name));
      return;
    }
    if (isSecret && Array.isArray(to)) {
      hasSecrets = true;
      return;
    }
    if (to === undefined && isSecret && !isFree(path)) return;
    differences.push({ path, from: isSecret ? shownSecret : from, to: isSecret ? shownSecret : to });
  };
  for (const [name, value] of Object.entries(settings)) {
    if (isRecord(view) && Object.hasOwn(view, name)) walk(name, value, view[name]);
  }
  return { differences, hasSecrets };
}

/** Objects whose members are named by the user. A member that only the server has is a difference. */
function isFree(path: string): boolean {
  return /^(?:labels|schema|example|push\.headers|push\.transform\.headers)(?:\.|$)/.test(path);
}

function own(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}
