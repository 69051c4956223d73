import { type SecretPosition, secretAt, secretsOf, withSecrets } from "../../domain/endpoint-secrets.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { EndpointAccess, EndpointTls, SealedText, Secret } from "../../domain/endpoint-access.ts";
import type { Subscription } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { certificatesOf } from "../../transport/secure-context.ts";
import { TlsIdentity } from "../../transport/tls-identity.ts";
import { certificateFacts, checkCertificate, checkKey } from "./client-certificate.ts";
import { clientOf, type OAuth2Client } from "./oauth2-client.ts";
import { withSealed } from "./reseal.ts";
import { Sealer, type SealerOptions } from "./sealer.ts";

/** Settings of an endpoint belong to a subscription or to a hook. */
export interface SecretOwner {
  /** Bound to each secret. A subscription or hook cannot use a secret that was sealed for another one. */
  readonly name: string;
  /** The path of the settings in a request, such as `push.`. */
  readonly prefix: string;
}

export function subscriptionOwner({ topic, name }: Pick<Subscription, "topic" | "name">): SecretOwner {
  return { name: `${topic}/${name}`, prefix: "push." };
}

/** The secrets of an endpoint in the form in which requests use them. */
export interface OpenedAccess {
  /** Name, value, name, value … with `authorization` for the types basic and bearer. */
  readonly headers: readonly string[];
  readonly oauth2: OAuth2Client | null;
  readonly tls: TlsIdentity | undefined;
}

/** Reads the secrets with which requests are sent. */
export interface EndpointSecretReader {
  /**
   * Returns null if a secret cannot be opened: its master key is not configured, or the stored text is damaged. Returns
   * the same object for the same settings object.
   */
  open(owner: SecretOwner, access: EndpointAccess): Promise<OpenedAccess | null>;
}

export interface EndpointSecretsOptions extends SealerOptions {
  readonly clock: Pick<Clock, "wall">;
}

/** Seals the secrets of endpoints before they are stored, and opens them for sending. They are never shown. */
export class EndpointSecrets implements EndpointSecretReader {
  readonly #sealer: Sealer;
  readonly #clock: EndpointSecretsOptions["clock"];
  readonly #opened = new WeakMap<EndpointAccess, Promise<OpenedAccess | null>>();

  constructor({ clock, ...options }: EndpointSecretsOptions) {
    this.#sealer = new Sealer(options);
    this.#clock = clock;
  }

  /**
   * Returns the settings with all secrets sealed. A secret that is equal to the stored one keeps its stored text, so
   * that equal settings stay equal. Checks certificates and keys that are new. Throws `master_key_missing` and
   * `invalid_request`.
   */
  async seal<T extends EndpointAccess>(owner: SecretOwner, access: T, stored: EndpointAccess | null): Promise<T> {
    if (access.tls) await this.#checkTls(owner, access.tls, stored);
    return withSecrets(access, async (secret, position) =>
      typeof secret === "string" ? this.#sealed(owner, secret, position, stored) : secret,
    );
  }

  open(owner: SecretOwner, access: EndpointAccess): Promise<OpenedAccess | null> {
    let opened = this.#opened.get(access);
    if (opened === undefined) this.#opened.set(access, (opened = this.#openAll(owner, access)));
    return opened;
  }

  /** Seals the secrets with the first master key. Returns the same object if they stay as they are. */
  async reseal<T extends EndpointAccess>(owner: SecretOwner, access: T): Promise<T> {
    let isSame = true;
    const resealed = await withSecrets(access, async (secret, position) => {
      if (typeof secret === "string") return secret;
      const again = await withSealed(secret, (sealed) => this.#sealer.reseal(sealedName(owner, position), sealed));
      isSame &&= again === secret;
      return again;
    });
    return isSame ? access : resealed;
  }

  /** True if the configured master keys open every secret. */
  opens(access: EndpointAccess): boolean {
    return [...secretsOf(access)].every(
      ({ secret }) => typeof secret === "string" || this.#sealer.opens(secret.sealed),
    );
  }

  async #sealed(
    owner: SecretOwner,
    text: string,
    position: SecretPosition,
    stored: EndpointAccess | null,
  ): Promise<SealedText> {
    this.#sealer.assertSeals();
    const before = stored === null ? null : secretAt(stored, position);
    if (before !== null && typeof before === "object" && this.#sealer.isFresh(before.sealed)) {
      if ((await this.#text(owner, before, position)) === text) return before;
    }
    const k = Buffer.from(text).toString("base64url");
    const sealed = await this.#sealer.seal(sealedName(owner, position), { kty: "oct", k });
    const isCertificate = position.group === "tls" && position.name === "certificate";
    return { sealed, bytes: Buffer.byteLength(text), ...(isCertificate && { certificate: certificateFacts(text) }) };
  }

  /** Settings that stay as they are were checked before, so an expired certificate prevents no other change. */
  async #checkTls(owner: SecretOwner, tls: EndpointTls, stored: EndpointAccess | null): Promise<void> {
    const field = (name: string): string => `${owner.prefix}tls.${name}`;
    if (tls.ca !== null && tls.ca !== stored?.tls?.ca) certificatesOf(field("ca"), tls.ca);
    if (typeof tls.certificate !== "string" && typeof tls.key !== "string") return;
    const textOf = async (name: "certificate" | "key", access: EndpointAccess | null) => {
      const position = { group: "tls", name } as const;
      const secret = access === null ? null : secretAt(access, position);
      return secret === null ? null : this.#text(owner, secret, position);
    };
    const [certificate, key] = [await textOf("certificate", { tls }), await textOf("key", { tls })];
    for (const [name, text] of Object.entries({ certificate, key })) {
      if (text === null) throw RingbackError.at("secrets_needed", field(name), "cannot be decrypted; give it again");
    }
    if (certificate === null || key === null) return;
    const isNew = certificate !== (await textOf("certificate", stored));
    checkCertificate(field("certificate"), certificate, isNew ? this.#clock.wall() : null);
    checkKey(field("key"), key, certificate);
  }

  async #openAll(owner: SecretOwner, access: EndpointAccess): Promise<OpenedAccess | null> {
    const texts: Record<"auth" | "tls", Map<string, string>> = { auth: new Map(), tls: new Map() };
    const headers: string[] = [];
    for (const { secret, ...position } of secretsOf(access)) {
      const text = await this.#text(owner, secret, position);
      if (text === null) return null;
      if (position.group === "headers") headers.push(position.name, text);
      else texts[position.group].set(position.name, text);
    }
    const { auth = null, tls = null } = access;
    const secret = (name: string): string => texts.auth.get(name) ?? "";
    if (auth?.type === "basic") {
      headers.push(
        "authorization",
        `Basic ${Buffer.from(`${auth.username}:${secret("password")}`).toString("base64")}`,
      );
    } else if (auth?.type === "bearer") headers.push("authorization", `Bearer ${secret("token")}`);
    const identity = tls && {
      certificate: texts.tls.get("certificate") ?? null,
      key: texts.tls.get("key") ?? null,
      ca: tls.ca,
      serverName: tls.serverName,
    };
    return {
      headers,
      oauth2: auth?.type === "oauth2" ? clientOf(auth, secret("clientSecret")) : null,
      tls: identity === null ? undefined : new TlsIdentity(identity),
    };
  }

  async #text(owner: SecretOwner, secret: Secret, position: SecretPosition): Promise<string | null> {
    if (typeof secret === "string") return secret;
    const jwk = await this.#sealer.open(sealedName(owner, position), secret.sealed);
    return jwk?.kty === "oct" ? Buffer.from(jwk.k, "base64url").toString() : null;
  }
}

/** Contains a colon, which names of keys cannot contain. So a secret cannot be opened as a key, nor the reverse. */
function sealedName(owner: SecretOwner, { group, name }: SecretPosition): string {
  return `push-${group === "headers" ? "header" : group}:${owner.name}/${name}`;
}
