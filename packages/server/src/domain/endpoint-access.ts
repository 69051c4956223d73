/** Secrets, and how a request shows to an endpoint who sends it. */

/** A secret text as it is stored. */
export interface SealedText {
  /** The text, encrypted with a master key. */
  readonly sealed: string;
  /** Length of the text in bytes, because limits apply to it. */
  readonly bytes: number;
  /** For a certificate: what everyone may see of it. */
  readonly certificate?: CertificateFacts;
}

export interface CertificateFacts {
  /** Such as `CN=billing, O=Example`. */
  readonly subject: string;
  /** ISO 8601. */
  readonly notAfter: string;
  /** SHA-256, in the form `AB:CD:…`. */
  readonly fingerprint: string;
}

/** A secret is sealed before it is stored. A string is a secret that is not sealed yet. */
export type Secret = string | SealedText;

/** Credentials that requests contain. */
export type EndpointAuth =
  | { readonly type: "basic"; readonly username: string; readonly password: Secret }
  | { readonly type: "bearer"; readonly token: Secret }
  | OAuth2Auth;

/** OAuth2 client credentials (RFC 6749 section 4.4). */
export interface OAuth2Auth {
  readonly type: "oauth2";
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes: readonly string[];
  readonly audience: string | null;
  /** Where a token request has the client's id and secret: in the header `Authorization`, or in the body. */
  readonly clientAuth: "basic" | "body";
}

/** TLS settings of an endpoint. The texts are PEM. */
export interface EndpointTls {
  /** The certificate that is shown to the endpoint, with its chain. */
  readonly certificate?: Secret;
  readonly key?: Secret;
  /** The only authorities that are trusted; null: those that the server trusts. */
  readonly ca: string | null;
  /** The name that the endpoint's certificate must have; null: the host of the URL. */
  readonly serverName: string | null;
}

/** The settings of an endpoint that contain secrets. Settings that were stored before a member existed lack it. */
export interface EndpointAccess {
  readonly headers?: Readonly<Record<string, Secret>>;
  readonly auth?: EndpointAuth | null;
  readonly tls?: EndpointTls | null;
}
