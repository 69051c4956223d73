import { Type } from "typebox";
import { limits } from "../domain/limits.ts";
import type { EndpointAuth, EndpointTls, Secret } from "../domain/endpoint-access.ts";
import { about, describedShape, namedShape, nullable } from "./schema-parts.ts";
import { certificateFacts, optional } from "./settings.ts";
import { shownForSecret, valueFault } from "./shape-check.ts";

/** The settings `auth` and `tls`, which pushes and hooks share. */

const secretsNote =
  "Secrets are stored encrypted with the server's master key and are never shown: a response has null for each of them. " +
  "A PATCH keeps those that it does not name, unless the URL gets another origin.";

const noControls = { pattern: "^\\P{Cc}*$", [valueFault]: "must not contain control characters" };
const visibleAscii = { pattern: "^[!-~]+$", [valueFault]: "must contain only visible ASCII characters" };

function secretText(description: string, charsMax: number, form: object) {
  const options = { minLength: 1, maxLength: charsMax, writeOnly: true, description, ...form };
  return Type.Unsafe<Secret>(Type.String(options));
}

const secret = (description: string, form: object) => secretText(description, limits.authSecretCharsMax, form);
const nameText = (form: object) => Type.String({ minLength: 1, maxLength: limits.authNameCharsMax, ...form });

const basic = namedShape("BasicAuthSettings", {
  type: Type.Literal("basic"),
  username: nameText(noControls),
  password: secret("The password.", noControls),
});

const bearer = namedShape("BearerAuthSettings", {
  type: Type.Literal("bearer"),
  token: secret("Sent as `Authorization: Bearer …`.", visibleAscii),
});

const oauth2 = namedShape("OAuth2Settings", {
  type: Type.Literal("oauth2"),
  tokenUrl: about("The token endpoint of the OAuth2 provider: http or https.", Type.String()),
  clientId: nameText(visibleAscii),
  clientSecret: secret("The client's secret.", noControls),
  scopes: about(
    "The scopes of the token.",
    optional(
      Type.Array(
        nameText({ pattern: "^[!#-[\\]-~]+$", [valueFault]: 'must contain only visible ASCII without " and \\' }),
        { maxItems: limits.oauth2ScopesMax },
      ),
      [],
    ),
  ),
  audience: about(
    "The parameter `audience` of the token request, which some providers need.",
    optional(nullable(Type.String({ minLength: 1, maxLength: limits.urlCharsMax })), null),
  ),
  clientAuth: about(
    "Where the token request has the client's id and secret: in the header `Authorization`, or in the body.",
    optional(Type.Enum(["basic", "body"]), "basic"),
  ),
});

export const endpointAuth = optional(
  Type.Unsafe<EndpointAuth | null>({
    ...nullable(Type.Union([basic, bearer, oauth2])),
    description:
      "The credentials of every POST, in the header `Authorization`, for http and https only: basic, bearer, or a token from an " +
      `OAuth2 provider (client credentials). ${secretsNote}`,
  }),
  null,
);

const pem = (description: string, form: object = {}) => secretText(description, limits.tlsPemCharsMax, form);

export const endpointTls = optional(
  Type.Unsafe<EndpointTls | null>(
    nullable(
      describedShape("TlsSettings", `TLS settings, for https and wss only. ${secretsNote}`, {
        // Not nullable: a PUT with the body of a response, which hides these two, would remove them.
        certificate: Type.Optional(
          pem(
            "The certificate that is shown to the endpoint, in PEM, with its chain. Needs `key`. A response has its " +
              "subject, its end and its SHA-256 fingerprint instead.",
            { [shownForSecret]: certificateFacts },
          ),
        ),
        key: Type.Optional(pem("The private key of `certificate`, in PEM, without a passphrase.")),
        ca: about(
          "Certificates in PEM. Only these authorities are trusted, instead of those that the server trusts.",
          optional(nullable(Type.String({ minLength: 1, maxLength: limits.tlsPemCharsMax })), null),
        ),
        serverName: about(
          "The name that the endpoint's certificate must have, and that is sent as SNI. null: the host of the URL.",
          optional(nullable(Type.String({ minLength: 1, maxLength: 253 })), null),
        ),
      }),
    ),
  ),
  null,
);
