/**
 * The protected header of an Opencard token: exactly alg, enc, kid and rid, each a string. A header with any other JOSE
 * member (zip, crit, p2c, epk, jwk …) is rejected. The library therefore never acts on such a member.
 */

import { isJsonObject } from "./json-object.ts";
import { UntrustedError } from "./protocol.ts";

export const ALG = "A128KW";
export const ENC = "A128CBC-HS256";

/** The members that differ between tokens. */
export interface OpencardHeader {
  readonly kid: string;
  readonly rid: string;
}

/**
 * The longest kid and the longest rid. In Baidu's documentation a kid is "0", and a rid has about twenty characters.
 */
export const headerNameCharsMax = 128;
/** The largest header. A header in which both names consist of escapes (`\u4e00`) has about 1,600 bytes. */
export const headerBytesMax = 3072;

const controlCharacter = /\p{Cc}/u;
const stringToken = /"(?:[^"\\]|\\.)*"/g;
const memberCount = 4;

/** Whether the value can be a kid or a rid. */
export function isHeaderName(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= headerNameCharsMax &&
    value.isWellFormed() &&
    !controlCharacter.test(value)
  );
}

/**
 * Parses the header. Throws {@link UntrustedError} with `malformed`, or with `wrong_algorithm` for a token of another
 * kind.
 */
export function parseHeader(text: string): OpencardHeader {
  const members = membersOf(text);
  if (members.get("alg") !== ALG || members.get("enc") !== ENC) throw new UntrustedError("wrong_algorithm");
  const kid = members.get("kid");
  const rid = members.get("rid");
  if (members.size !== memberCount || !isHeaderName(kid) || !isHeaderName(rid) || hasRepeatedMember(text)) {
    throw new UntrustedError("malformed");
  }
  return { kid, rid };
}

function membersOf(text: string): ReadonlyMap<string, unknown> {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Below, null is refused too.
  }
  if (!isJsonObject(parsed)) throw new UntrustedError("malformed");
  return new Map(Object.entries(parsed));
}

/**
 * Whether a member name occurs twice. Parsers keep the last of two members with the same name, and other readers may
 * keep the first. Four different members with string values make eight strings. A repeated member adds at least its
 * name.
 */
function hasRepeatedMember(text: string): boolean {
  return text.match(stringToken)?.length !== 2 * memberCount;
}
