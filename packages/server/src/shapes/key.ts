import { Type, type Static } from "typebox";
import type { Jwk } from "@ringback/sdk/protocols";
import { limits } from "../domain/limits.ts";
import { RingbackError } from "../domain/errors.ts";
import type { KeyDetails, PublicKey } from "../engine/keys/keys.ts";
import { type GivenKey, type KeySource, publicForms, thumbprintStart } from "../engine/keys/new-key.ts";
import {
  about,
  bodyObject,
  changeTimes,
  changeTimesView,
  describedObject,
  nullable,
  timeSchema,
  whole,
  bodyShape,
  describedShape,
} from "./schema-parts.ts";
import { timeText } from "./time-text.ts";

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

const secret = about(
  "A secret or a private key in the text form of Standard Webhooks: `whsec_…`, or `whsk_…` for Ed25519.",
  Type.String({ writeOnly: true, examples: ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] }),
);
const generate = about(
  "Makes a new key here: `hmac` a shared secret, `ed25519` a key pair. The response shows the secret, or the public key.",
  Type.Enum(["hmac", "ed25519"]),
);

const sources = { secret: Type.Optional(secret), generate: Type.Optional(generate), jwk: Type.Optional(jwk) };
const sourceExamples = [{ generate: "hmac" }, { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }];

/** Exactly one of the members. */
export const keyBody = bodyShape(
  "KeySettings",
  [...sourceExamples, { jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } }],
  sources,
);
/** The key of a configuration file, which cannot show a generated key to anybody. */
export const declaredKeyBody = bodyObject(sourceExamples.slice(1), { secret: sources.secret, jwk: sources.jwk });

export const rotateKeyBody = bodyShape("KeyRotation", [{ overlapMs: 3_600_000 }, sourceExamples[1]], {
  overlapMs: about(
    "How long the replaced key signs beside the new one, in milliseconds.",
    Type.Optional(whole(0, limits.overlapMsMax, { default: limits.keyOverlapMsDefault })),
  ),
  ...sources,
});

/** Returns null if no member is given. Throws `invalid_request`. */
export function keySourceOf(body: Partial<Static<typeof keyBody>>): KeySource | null {
  const [first, second] = (["secret", "generate", "jwk"] as const).filter((member) => body[member] !== undefined);
  if (first === undefined) return null;
  if (second !== undefined) throw RingbackError.at("invalid_request", second, `must be left out beside ${first}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- exactly one member is there
  return { [first]: body[first] } as unknown as KeySource;
}

/** Throws `invalid_key` and `invalid_request`. */
export function requiredKeySource(body: Static<typeof keyBody>): KeySource {
  const source = keySourceOf(body);
  if (source !== null) return source;
  throw RingbackError.at("invalid_key", "jwk", "is missing: give one of secret, generate and jwk");
}

/** Throws `invalid_key` and `invalid_request`. */
export function declaredKeySource(body: Static<typeof declaredKeyBody>): GivenKey {
  const source = keySourceOf(body);
  if (source !== null && !("generate" in source)) return source;
  throw RingbackError.at("invalid_key", "jwk", "is missing: give one of secret and jwk");
}

export const keySchema = describedShape("Key", "What is known of the key. Its secret is never shown again.", {
  kid: Type.String({ examples: ["0"] }),
  kty: Type.Enum(["oct", "OKP"]),
  crv: about("null for a shared secret.", nullable(Type.Enum(["Ed25519"]))),
  bits: about("The length of the secret, or of the curve's keys.", Type.Integer({ examples: [128] })),
  usable: about(
    "false: it is encrypted under a master key that the server does not have. Put the key again, or configure that master key.",
    Type.Boolean(),
  ),
  previousUntil: about(
    "For each replaced key that still signs beside this one: the time until which it does.",
    Type.Array(timeSchema("A time.")),
  ),
  ...changeTimes,
  secret: Type.Optional(
    about("Only in the response to the request that generated it: the secret.", Type.String({ examples: ["whsec_…"] })),
  ),
  publicKey: Type.Optional(
    about(
      "Only in the response to the request that generated it: the public key.",
      Type.String({ examples: ["whpk_…"] }),
    ),
  ),
});

export function keyView({
  kid,
  kty,
  crv,
  bits,
  usable,
  previousUntilMs,
  ...times
}: KeyDetails): Static<typeof keySchema> {
  return { kid, kty, crv, bits, usable, previousUntil: previousUntilMs.map(timeText), ...changeTimesView(times) };
}

const publicJwk = {
  kty: Type.Literal("OKP"),
  crv: Type.Literal("Ed25519"),
  x: Type.String({ examples: ["11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"] }),
};

export const publicKeySchema = describedShape("PublicKey", "The public half of an Ed25519 key, in three forms.", {
  kid: Type.String({ examples: ["0"] }),
  jwk: describedObject("As a JSON Web Key.", publicJwk),
  pem: about("In PEM.", Type.String({ examples: ["-----BEGIN PUBLIC KEY-----\n…\n-----END PUBLIC KEY-----\n"] })),
  text: about("In the text form of Standard Webhooks.", Type.String({ examples: ["whpk_…"] })),
});

export const keySetSchema = describedShape("KeySet", "A JSON Web Key Set (RFC 7517).", {
  keys: Type.Array(
    describedObject("A public key.", {
      ...publicJwk,
      kid: about(
        "The key's name. A replaced key that still signs has `~` and a part of its hash behind the name.",
        Type.String(),
      ),
      use: Type.Literal("sig"),
      alg: Type.Literal("EdDSA"),
    }),
  ),
});

export function publicKeyView({ kid, x }: PublicKey): Static<typeof publicKeySchema> {
  return { kid, ...publicForms(x) };
}

/** `keys`: the key and the keys that it has replaced, which need names of their own in a key set. */
export function keySetMembers(keys: readonly PublicKey[]): Static<typeof keySetSchema>["keys"] {
  return keys.map(({ kid, x }, index) => {
    const jwk = { kty: "OKP", crv: "Ed25519", x } as const;
    return { ...jwk, kid: index === 0 ? kid : `${kid}~${thumbprintStart(x)}`, use: "sig", alg: "EdDSA" };
  });
}
