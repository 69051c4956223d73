import { Type } from "typebox";
import type { TSchema } from "typebox";
import { limits } from "../domain/limits.ts";
import { bytesForms, formatBytes, parseBytes } from "./bytes.ts";
import { durationForms, formatDurationMs, parseDurationMs } from "./duration.ts";
import { listenForms, parseListenAddress } from "./listen-address.ts";
import { networkForms, parseNetwork } from "./network.ts";

/** How values of one kind are written and read. */
export interface SettingKind<Schema extends TSchema> {
  /** The value once read. */
  readonly schema: Schema;
  /** What would be right, as the end of "give …". */
  readonly expected: string;
  /** Turns what a flag, a variable or the file holds into a value for `schema`; anything else comes back as it is. */
  readonly read: (raw: unknown) => unknown;
  /** A value that must not be shown, not even when it is wrong. */
  readonly isSecret?: (raw: unknown) => boolean;
}

const readText = (raw: unknown, parse: (text: string) => unknown) => (typeof raw === "string" ? parse(raw) : raw);

export function wholeNumber(minimum: number, maximum: number) {
  return {
    schema: Type.Integer({ minimum, maximum }),
    expected: `a whole number from ${minimum} to ${maximum}`,
    read: (raw: unknown) => readText(raw, (text) => (/^\d{1,16}$/.test(text) ? Number(text) : text)),
  };
}

export function milliseconds(minimum: number, maximum: number) {
  return {
    schema: Type.Integer({ minimum, maximum }),
    expected: `${durationForms}; from ${formatDurationMs(minimum)} to ${formatDurationMs(maximum)}`,
    read: (raw: unknown) => readText(raw, parseDurationMs),
  };
}

export function byteCount(minimum: number, maximum: number) {
  return {
    schema: Type.Integer({ minimum, maximum }),
    expected: `${bytesForms}; from ${formatBytes(minimum)} to ${formatBytes(maximum)}`,
    read: (raw: unknown) => readText(raw, parseBytes),
  };
}

export function byteCountOrUnlimited(minimum: number, maximum: number) {
  const counted = byteCount(minimum, maximum);
  return {
    ...counted,
    schema: Type.Union([Type.Literal(0), counted.schema]),
    expected: `${counted.expected}; or 0 for no limit`,
  };
}

export const postgresAddress = /^postgres(?:ql)?:\/\/\S+$/;

/** Its value may hold a password: `isSecret` keeps it out of what is shown. */
export function database() {
  return {
    schema: Type.String({ pattern: `^sqlite$|${postgresAddress.source}`, maxLength: 2048 }),
    expected: "sqlite, or postgres://user:password@host:port/name",
    read: (raw: unknown) => raw,
    isSecret: (raw: unknown) => typeof raw === "string" && raw.includes("//"),
  };
}

export function choice<const Word extends string>(words: readonly Word[]) {
  return {
    schema: Type.Enum(words),
    expected: `one of ${words.join(", ")}`,
    read: (raw: unknown) => raw,
  };
}

export function yesOrNo() {
  return {
    schema: Type.Boolean(),
    expected: "true or false",
    read: (raw: unknown) => (raw === "true" ? true : raw === "false" ? false : raw),
  };
}

export function topicName() {
  return {
    schema: Type.String({ pattern: String.raw`^[a-zA-Z][a-zA-Z\d_-]{0,${limits.nameCharsMax - 1}}$` }),
    expected: `a letter, then letters, digits, "-" and "_"; at most ${limits.nameCharsMax} characters`,
    read: (raw: unknown) => raw,
  };
}

export function path(charsMax: number) {
  return {
    // A zero byte would cut the name short in the operating system.
    schema: Type.String({ minLength: 1, maxLength: charsMax, pattern: "^[^\\0]+$" }),
    expected: `the path of a folder, at most ${charsMax} characters`,
    read: (raw: unknown) => raw,
  };
}

export function listenAddress() {
  return {
    schema: Type.Object(
      { host: Type.String(), port: Type.Integer({ minimum: 0, maximum: 65_535 }) },
      { additionalProperties: false },
    ),
    expected: listenForms,
    read: (raw: unknown) => (typeof raw === "string" ? parseListenAddress(raw) : null),
  };
}

/** A list, or text with commas; either alphabet of base64, since `openssl rand -base64 32` writes the other one. */
export function masterKeys(countMax: number) {
  return {
    // 32 bytes: the last of 43 characters carries four bits of them.
    schema: Type.Array(Type.String({ pattern: "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" }), { maxItems: countMax }),
    expected: `32 random bytes in base64, such as \`openssl rand -base64 32\` prints; at most ${countMax} of them, separated by commas`,
    read: (raw: unknown) => {
      const items: readonly unknown[] | null = Array.isArray(raw)
        ? raw
        : typeof raw === "string"
          ? raw.split(",")
          : null;
      return items?.map((item) => (typeof item === "string" ? toBase64url(item.trim()) : item)) ?? null;
    },
  };
}

function toBase64url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/, "");
}

/** A list, or text with commas. */
export function networks(countMax: number) {
  return {
    schema: Type.Array(Type.String(), { maxItems: countMax }),
    expected: `${networkForms}; at most ${countMax}`,
    read: (raw: unknown) => {
      const items: readonly unknown[] | null = Array.isArray(raw) ? raw : typeof raw === "string" ? [raw] : null;
      return items?.flatMap((item) => (typeof item === "string" ? item.split(",").map(parseNetwork) : [item])) ?? null;
    },
  };
}
