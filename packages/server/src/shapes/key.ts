import { Type, type Static } from "typebox";
import type { Jwk } from "@ringback/sdk/protocols";
import { limits } from "../domain/limits.ts";
import type { KeyDetails } from "../engine/keys/keys.ts";
import { about, bodyObject, changeTimes, changeTimesView, describedObject, nullable } from "./schema-parts.ts";

/** The schema accepts any object. The engine checks the members, because a schema cannot express the rule for keys. */
const jwk = Type.Unsafe<Jwk>({
  type: "object",
  required: ["kty"],
  properties: {
    kty: {
      type: "string",
      description: "`oct`: a shared secret in `k`. `OKP`: an Ed25519 key pair in `crv`, `x` and `d`.",
    },
    k: {
      type: "string",
      description: `The secret, ${limits.secretBytesMin} to ${limits.secretBytesMax} bytes in base64url without padding.`,
    },
    crv: { type: "string", description: "Ed25519." },
    x: { type: "string", description: "The public key, 32 bytes in base64url without padding." },
    d: { type: "string", description: "The private key, 32 bytes in base64url without padding." },
  },
  additionalProperties: {},
  description: "A JSON Web Key (RFC 7517). Only the members listed here are stored; others are dropped.",
});

export const keyBody = bodyObject([{ jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } }], { jwk });

export const keySchema = describedObject("What is known of the key. Its secret is never shown.", {
  kid: Type.String({ examples: ["0"] }),
  kty: Type.Enum(["oct", "OKP"]),
  crv: about("null for a shared secret.", nullable(Type.Enum(["Ed25519"]))),
  bits: about("The length of the secret, or of the curve's keys.", Type.Integer({ examples: [128] })),
  usable: about(
    "false: it is encrypted under a master key that the server does not have. Put the key again, or configure that master key.",
    Type.Boolean(),
  ),
  ...changeTimes,
});

export function keyView({ kid, kty, crv, bits, usable, ...times }: KeyDetails): Static<typeof keySchema> {
  return { kid, kty, crv, bits, usable, ...changeTimesView(times) };
}
