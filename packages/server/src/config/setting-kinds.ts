import { Type, type Static, type TSchema } from "typebox";
import { eventsTopicName } from "../domain/internal-names.ts";
import { limits } from "../domain/limits.ts";
import { nameForm } from "../domain/names.ts";
import { closedObject } from "../shapes/schema-parts.ts";
import { addressFault } from "../store/postgres-address.ts";
import { formatListenAddress, listenForms, parseListenAddress } from "./listen-address.ts";
import { hostForms, originForms, parseHostPattern, parseOrigin } from "./callers.ts";
import { parseEgressProxy } from "../transport/egress-proxy.ts";
import { canonicalNetwork, networkForms } from "../domain/ip-network.ts";
import { byteUnits, durationUnits, type Units } from "./units.ts";

/** The format of the values of one kind, and their parser. */
export interface SettingKind<Schema extends TSchema> {
  /** Schema of the parsed value. */
  readonly schema: Schema;
  /** Description of valid values, as the end of "give …". */
  readonly expected: string;
  /**
   * Parses the value of a flag, a variable or the file. An invalid value is returned unchanged, for `schema` to refuse.
   * Default: every value is returned unchanged.
   */
  readonly read?: (raw: unknown) => unknown;
  /** Returns a valid value in the form in which an operator would write it. Default: the value as text. */
  readonly show?: (value: Static<Schema>) => string;
  /** Says what is wrong with an invalid value that may be secret, without showing it; null: the value can be shown. */
  readonly faultOf?: (raw: unknown) => string | null;
}

const readText = (raw: unknown, parse: (text: string) => unknown) => (typeof raw === "string" ? parse(raw) : raw);

export function wholeNumber(minimum: number, maximum: number) {
  return {
    schema: Type.Integer({ minimum, maximum }),
    expected: `a whole number from ${minimum} to ${maximum}`,
    read: (raw: unknown) => readText(raw, (text) => (/^\d{1,16}$/.test(text) ? Number(text) : text)),
  };
}

function inUnits({ forms, parse, format }: Units, minimum: number, maximum: number) {
  return {
    schema: Type.Integer({ minimum, maximum }),
    expected: `${forms}; from ${format(minimum)} to ${format(maximum)}`,
    read: (raw: unknown) => readText(raw, parse),
    show: format,
  };
}

export const milliseconds = (minimum: number, maximum: number) => inUnits(durationUnits, minimum, maximum);

export const byteCount = (minimum: number, maximum: number) => inUnits(byteUnits, minimum, maximum);

export function byteCountOrUnlimited(minimum: number, maximum: number) {
  const counted = byteCount(minimum, maximum);
  return {
    ...counted,
    schema: Type.Union([Type.Literal(0), counted.schema]),
    expected: `${counted.expected}; or 0 for no limit`,
  };
}

export const postgresForm = "postgres://user:password@host:port/name";

/** The address of a database may contain a password, so an error does not show it. */
export const database = {
  schema: Type.String({ maxLength: 2048 }),
  expected: `sqlite, or ${postgresForm}`,
  read: (raw: unknown) => (raw === "sqlite" || (typeof raw === "string" && addressFault(raw) === null) ? raw : null),
  faultOf: (raw: unknown) =>
    typeof raw === "string" && /[/=@]/.test(raw) ? (addressFault(raw) ?? "is too long") : null,
};

/** The URL may contain a password, so an error does not show it. */
export const proxyUrl = {
  schema: Type.String({ maxLength: 2048 }),
  expected: "http://user:password@host:port, https://… or socks5://…, with special characters percent-encoded",
  read: (raw: unknown) => (raw === "" || (typeof raw === "string" && parseEgressProxy(raw) !== null) ? raw : null),
};

/** Hosts and networks to which connections do not use the egress proxy. */
export function directTargets(countMax: number) {
  return {
    schema: Type.Array(Type.String(), { maxItems: countMax }),
    expected: `host names such as queue.internal, *.internal for all names below it, ${networkForms}; at most ${countMax}`,
    read: (raw: unknown) =>
      readList(raw, (text) => canonicalNetwork(text) ?? (text === "*" ? null : parseHostPattern(text))),
  };
}

export function choice<const Word extends string>(words: readonly Word[]) {
  return {
    schema: Type.Enum(words),
    expected: `one of ${words.join(", ")}`,
  };
}

export const yesOrNo = {
  schema: Type.Boolean(),
  expected: "true or false",
  read: (raw: unknown) => (raw === "true" ? true : raw === "false" ? false : raw),
};

export const topicName = {
  schema: Type.String({ pattern: nameForm.source, maxLength: limits.nameCharsMax }),
  expected: `a letter or digit, then letters, digits, ".", "_" and "-"; at most ${limits.nameCharsMax} characters`,
};

/** A topic that the API can publish to. */
export const ordinaryTopicName = {
  schema: Type.String({
    pattern: `^(?!${eventsTopicName.replace(".", "\\.")}$)${nameForm.source.slice(1)}`,
    maxLength: limits.nameCharsMax,
  }),
  expected: `${topicName.expected}; not ${eventsTopicName}`,
};

/** A host name, or empty. */
export const hostName = {
  schema: Type.String({ pattern: "^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?$", maxLength: 253 }),
  expected: "a host name, such as ringback.example.com",
};

export function path(charsMax: number, what: "folder" | "file" = "folder") {
  return {
    // The operating system would cut the path at a zero byte.
    schema: Type.String({ minLength: 1, maxLength: charsMax, pattern: "^[^\\0]+$" }),
    expected: `the path of a ${what}, at most ${charsMax} characters`,
  };
}

export const listenAddress = {
  schema: closedObject({ host: Type.String(), port: Type.Integer({ minimum: 0, maximum: 65_535 }) }),
  expected: listenForms,
  read: (raw: unknown) => (typeof raw === "string" ? parseListenAddress(raw) : null),
  show: formatListenAddress,
};

export const optionalListenAddress = {
  ...listenAddress,
  schema: Type.Union([listenAddress.schema, Type.Undefined()]),
  show: () => "",
};

/** Reads a list, or text separated by commas. */
function readList(raw: unknown, parse: (text: string) => unknown): readonly unknown[] | null {
  if (typeof raw !== "string" && !Array.isArray(raw)) return null;
  return [raw as unknown]
    .flat()
    .flatMap((item) => (typeof item === "string" ? item.split(",").map((text) => parse(text.trim())) : [item]));
}

/** Accepts base64 and base64url, because `openssl rand -base64 32` prints base64. */
export function masterKeys(countMax: number) {
  return {
    // 32 bytes in base64url are 43 characters. The last character has only four significant bits.
    schema: Type.Array(Type.String({ pattern: "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$" }), { maxItems: countMax }),
    expected: `32 random bytes in base64, such as the output of \`openssl rand -base64 32\`; at most ${countMax} values, separated by commas`,
    read: (raw: unknown) => readList(raw, toBase64url),
  };
}

function toBase64url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/, "");
}

/** Long enough that nobody can guess it. */
export const operatorToken = {
  schema: Type.String({ pattern: "^([!-~]{32,256})?$" }),
  expected: "32 to 256 printable ASCII characters without spaces",
};

export function networks(countMax: number) {
  return {
    schema: Type.Array(Type.String(), { maxItems: countMax }),
    expected: `${networkForms}; at most ${countMax}`,
    read: (raw: unknown) => readList(raw, canonicalNetwork),
  };
}

export function hosts(countMax: number) {
  return {
    schema: Type.Array(Type.String(), { maxItems: countMax }),
    expected: `${hostForms}; at most ${countMax}`,
    read: (raw: unknown) => readList(raw, parseHostPattern),
  };
}

export function origins(countMax: number) {
  return {
    schema: Type.Array(Type.String(), { maxItems: countMax }),
    expected: `${originForms}; at most ${countMax}`,
    read: (raw: unknown) => readList(raw, parseOrigin),
  };
}
