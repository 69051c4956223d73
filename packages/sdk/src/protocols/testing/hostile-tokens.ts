/**
 * Tokens that are not valid in Opencard. Most of them are encrypted with the right key. Each entry is `[description,
 * token]`.
 */

import { deflateRawSync } from "node:zlib";

import { tokenBytesMax } from "../opencard-token.ts";
import { forgeToken } from "./forge-token.ts";
import { documentKey, headerText, jwcryptoRequest } from "./opencard.vectors.ts";

const { plaintext, token } = jwcryptoRequest;
const [header = "", wrappedKey = "", iv = "", ciphertext = "", tag = ""] = token.split(".");
const members = headerText.slice(1, -1);

const underKey = (text: string): string => forgeToken(text, plaintext, documentKey.k);
const withHeader = (text: string): string =>
  [Buffer.from(text).toString("base64url"), wrappedKey, iv, ciphertext, tag].join(".");
const withAlg = (alg: string, more = ""): string =>
  withHeader(headerText.replace("A128KW", alg).replace("}", `${more}}`));
const replaced = (at: number, part: string): string => token.split(".").with(at, part).join(".");

/** Tokens whose header declares another kind of token. */
export const otherKinds: readonly (readonly [string, string])[] = [
  ...["none", "dir", "RSA1_5", "RSA-OAEP", "ECDH-ES", "ECDH-ES+A128KW", "A128GCMKW", "A256KW", "a128kw", "A128KW "].map(
    (alg) => [`alg ${alg}`, withAlg(alg)] as const,
  ),
  ["a billion rounds of PBES2", withAlg("PBES2-HS256+A128KW", ',"p2c":1000000000,"p2s":"AAAAAAAAAAA"')],
  ["enc A128GCM", underKey(headerText.replace("A128CBC-HS256", "A128GCM"))],
  ["enc A256CBC-HS512", underKey(headerText.replace("A128CBC-HS256", "A256CBC-HS512"))],
  ["no alg", underKey('{"enc":"A128CBC-HS256","kid":"0","rid":"1"}')],
  ["alg in a list", underKey(headerText.replace('"A128KW"', '["A128KW"]'))],
  ["only a kid called __proto__", underKey('{"kid":"__proto__"}')],
  ["members inherited from __proto__", underKey(`{"__proto__":${headerText}}`)],
  ["an empty header", underKey("{}")],
];

/**
 * Tokens with the right `alg` and `enc`, and with a fault in another part of the header. All are encrypted with the
 * right key.
 */
export const otherHeaders: readonly (readonly [string, string])[] = [
  [
    "zip DEF around 16 MB of spaces",
    forgeToken(`{${members},"zip":"DEF"}`, deflateRawSync(Buffer.alloc(16 * 1024 * 1024, " ")), documentKey.k),
  ],
  ["an unknown crit", underKey(`{${members},"crit":["x"],"x":1}`)],
  ["an empty crit", underKey(`{${members},"crit":[]}`)],
  ["a fifth member", underKey(`{${members},"typ":"JWE"}`)],
  ["a fifth member called __proto__", underKey(`{${members},"__proto__":{"zip":"DEF"}}`)],
  ["no rid", underKey('{"alg":"A128KW","enc":"A128CBC-HS256","kid":"0"}')],
  ["no kid", underKey('{"alg":"A128KW","enc":"A128CBC-HS256","rid":"1"}')],
  ["kid twice", underKey(`{${members},"kid":"0"}`)],
  ["kid twice, once in escapes", underKey(`{"k\\u0069d":"1",${members}}`)],
  ["alg twice, once as a number", underKey(`{"alg":5,${members}}`)],
  ["rid twice, once in an object", underKey(`{"rid":{"a":"b"},${members}}`)],
  ["a kid that is a number", underKey(headerText.replace('"kid":"0"', '"kid":0'))],
  ["a kid that is null", underKey(headerText.replace('"kid":"0"', '"kid":null'))],
  ["a kid that is a list", underKey(headerText.replace('"kid":"0"', '"kid":["0"]'))],
  ["a kid that is an object", underKey(headerText.replace('"kid":"0"', '"kid":{"toString":"0"}'))],
  ["an empty rid", underKey(headerText.replace("1547805433203-123456", ""))],
  ["a rid with a line break", underKey(headerText.replace("1547805433203-123456", "1\\r\\n2"))],
  ["a rid with half a surrogate pair", underKey(headerText.replace("1547805433203-123456", "\\ud800"))],
  ["a rid of 129 characters", underKey(headerText.replace("1547805433203-123456", "1".repeat(129)))],
  ["a header of 4 kB", underKey(`{${members}${" ".repeat(4000)}}`)],
  ["a header in a list", underKey(`[${headerText}]`)],
  ["a header that is null", underKey("null")],
  ["a header that is no JSON", underKey(headerText.slice(0, -1))],
  ["a header with a byte order mark", underKey(`\uFEFF${headerText}`)],
  ["a header nested a thousand deep", underKey(`{"alg":${"[".repeat(1000)}${"]".repeat(1000)},${members}}`)],
];

/** Bodies that are not compact tokens, and tokens whose parts have wrong sizes. */
export const otherShapes: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["a word", "hello"],
  ["four parts", token.slice(0, token.lastIndexOf("."))],
  ["six parts", `${token}.AAAA`],
  ["a million empty parts", ".".repeat(1_000_000)],
  ["five empty parts", "...."],
  ["alg none with nothing behind the header", `${withAlg("none").split(".")[0]}....`],
  ...[0, 1, 2, 3, 4].map((at) => [`part ${at} empty`, replaced(at, "")] as const),
  ["two line breaks behind it", `${token}\n\n`],
  ["a carriage return behind it", `${token}\r`],
  ["a space behind it", `${token} `],
  ["a line break before it", `\n${token}`],
  ["a space before it", ` ${token}`],
  ["padding", `${token}==`],
  ["base64's other alphabet", replaced(4, "++++++++++++++++++++/w")],
  ["a character outside ASCII", replaced(3, `${ciphertext.slice(0, -1)}é`)],
  ["a null character", replaced(3, `${ciphertext.slice(0, -1)}\0`)],
  ["bits that are not needed in the tag", replaced(4, "AAAAAAAAAAAAAAAAAAAAAB")],
  ["a part of 4n + 1 characters", replaced(3, "AAAAA")],
  ["a wrapped key of 24 bytes", replaced(1, "A".repeat(32))],
  ["a wrapped key of 48 bytes", replaced(1, "A".repeat(64))],
  ["an iv of 12 bytes", replaced(2, "A".repeat(16))],
  ["a tag of 8 bytes", replaced(4, `${"A".repeat(10)}A`)],
  ["a tag of 32 bytes", replaced(4, `${"A".repeat(42)}A`)],
  ["half a block of ciphertext", replaced(3, ciphertext.slice(0, -8))],
  ["a header of 2 MB", replaced(0, "A".repeat(1024 * 1024))],
  ["a token of 10 MB", replaced(3, "A".repeat(10 * 1024 * 1024))],
  ["10 MB of dots", ".".repeat(10 * 1024 * 1024)],
  ["one character more than a token may have", "A".repeat(tokenBytesMax + 1)],
  [
    "the flattened JSON serialization",
    JSON.stringify({ protected: header, encrypted_key: wrappedKey, iv, ciphertext, tag }),
  ],
  [
    "a thousand recipients",
    JSON.stringify({
      protected: header,
      recipients: Array.from({ length: 1000 }, () => ({ encrypted_key: wrappedKey })),
      iv,
      ciphertext,
      tag,
    }),
  ],
];
