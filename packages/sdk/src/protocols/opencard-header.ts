/**
 * The protected header of an Opencard token: exactly alg, enc, kid and rid, each a string. Whatever else a JOSE header
 * could hold (zip, crit, p2c, epk, jwk …) makes it another header, so no library ever acts on it.
 */

import { UntrustedError } from "./protocol.ts";

export const ALG = "A128KW";
export const ENC = "A128CBC-HS256";

/** What differs from token to token. */
export interface OpencardHeader {
  readonly kid: string;
  readonly rid: string;
}

/** A kid is "0" and a rid some twenty characters long in the document. */
export const headerNameCharsMax = 128;
/** A header whose names are written wholly in escapes (`\u4e00`) has some 1,600. */
export const headerBytesMax = 3072;

const controlCharacter = /\p{Cc}/u;
const stringToken = /"(?:[^"\\]|\\.)*"/g;
const memberCount = 4;

/** What may stand as kid or rid. */
export function isHeaderName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= headerNameCharsMax &&
    value.isWellFormed() &&
    !controlCharacter.test(value)
  );
}

/** Throws {@link UntrustedError}: `malformed`, or `wrong_algorithm` when another kind of token is announced. */
export function parseHeader(text: string): OpencardHeader {
  const members = new Map(Object.entries(parseObject(text)));
  if (members.get("alg") !== ALG || members.get("enc") !== ENC) throw new UntrustedError("wrong_algorithm");
  const kid = members.get("kid");
  const rid = members.get("rid");
  if (members.size !== memberCount || !isHeaderName(kid) || !isHeaderName(rid) || hasRepeatedMember(text)) {
    throw new UntrustedError("malformed");
  }
  return { kid, rid };
}

function parseObject(text: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new UntrustedError("malformed");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new UntrustedError("malformed");
  return parsed;
}

/**
 * Parsing keeps the last of two members with one name; another reader may keep the first. Four different members that
 * are all strings make eight strings, and a repeated one brings its name at least.
 */
function hasRepeatedMember(text: string): boolean {
  return text.match(stringToken)?.length !== 2 * memberCount;
}
