import { Type } from "typebox";
import type { Static } from "typebox";
import type { Jwk } from "@ringback/sdk/protocols";
import { limits } from "../domain/limits.ts";
import type { KeyDetails } from "../engine/keys/keys.ts";
import { nullable, timeText as timeSchema } from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

const closed = { additionalProperties: false };

/** Its members are checked by the engine's own rule, which says more than a schema can. */
const jwk = Type.Unsafe<Jwk>({
  type: "object",
  required: ["kty"],
  properties: {
    kty: { type: "string", description: "oct: a shared secret in `k`. OKP: an Ed25519 key pair in `crv`, `x`, `d`." },
    k: {
      type: "string",
      description: `The secret, ${limits.secretBytesMin} to ${limits.secretBytesMax} bytes in base64url without padding.`,
    },
    crv: { type: "string", description: "Ed25519." },
    x: { type: "string", description: "The public key, 32 bytes in base64url without padding." },
    d: { type: "string", description: "The private key that belongs to it, 32 bytes in base64url without padding." },
  },
  additionalProperties: {},
  description: "A JSON Web Key (RFC 7517). Only the members listed here are kept; others are dropped.",
});

export const keyBody = Type.Object(
  { jwk },
  { ...closed, examples: [{ jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } }] },
);

export const keySchema = Type.Object(
  {
    kid: Type.String({ examples: ["0"] }),
    kty: Type.Enum(["oct", "OKP"]),
    crv: nullable(Type.Enum(["Ed25519"], { description: "null for a shared secret." })),
    bits: Type.Integer({ description: "The length of the secret or of the curve's keys.", examples: [128] }),
    usable: Type.Boolean({
      description:
        "false: it was put under a master key that the server does not have now. Put it again, or set that key.",
    }),
    createdAt: timeSchema("When it was made."),
    updatedAt: timeSchema("When it was last changed."),
  },
  { ...closed, description: "What may be told about the key. The key itself is never given out." },
);

export function keyView({ createdAtMs, updatedAtMs, ...key }: KeyDetails): Static<typeof keySchema> {
  const { kid, kty, crv, bits, usable } = key;
  return { kid, kty, crv, bits, usable, createdAt: timeText(createdAtMs), updatedAt: timeText(updatedAtMs) };
}
