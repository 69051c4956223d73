import { isIP } from "node:net";
import { assertEndpointUrl, isHttpUrl } from "./endpoint-url-rule.ts";
import { secretsOf } from "./endpoint-secrets.ts";
import { RingbackError } from "./errors.ts";
import { canonicalHost } from "./host.ts";
import type { EndpointAccess } from "./endpoint-access.ts";

/** Endpoints with their URLs. `prefix`: the path of the settings, such as `push.`. */
export interface AccessedEndpoints extends EndpointAccess {
  readonly prefix: string;
  readonly urls: readonly string[];
}

/** Checks `auth` and `tls` against each other, the headers and the URLs. Throws `invalid_request` and `invalid_url`. */
export function assertEndpointAccess({ prefix, urls, headers = {}, auth = null, tls = null }: AccessedEndpoints): void {
  const refuse = (field: string, fault: string) => RingbackError.at("invalid_request", `${prefix}${field}`, fault);
  if (auth !== null) {
    if (!urls.every(isHttpUrl)) throw refuse("auth", "can be sent over http and https only");
    const header = Object.keys(headers).find((name) => name.toLowerCase() === "authorization");
    if (header !== undefined) {
      throw refuse("auth", `cannot be given together with ${prefix}headers.${header}; give one of the two`);
    }
  }
  if (auth?.type === "basic" && auth.username.includes(":")) throw refuse("auth.username", "must not contain a colon");
  if (auth?.type === "oauth2") assertEndpointUrl(`${prefix}auth.tokenUrl`, auth.tokenUrl);
  if (tls === null) return;
  if (!urls.every(isTlsUrl)) throw refuse("tls", "is possible with https and wss only");
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    const [missing, given] = tls.key === undefined ? ["key", "certificate"] : ["certificate", "key"];
    throw refuse(`tls.${missing}`, `is missing; ${prefix}tls.${given} needs it`);
  }
  if (tls.serverName !== null && (isIP(tls.serverName) !== 0 || canonicalHost(tls.serverName) !== tls.serverName)) {
    throw refuse("tls.serverName", "must be a host name in lower case, such as receiver.example.com");
  }
}

function isTlsUrl(url: string): boolean {
  return /^(?:https|wss):/i.test(url);
}

/**
 * Refuses settings that would send a stored secret to an origin that did not get the secret before. The caller must
 * give the secrets again. `originOf` returns the origin of a URL. Throws `secrets_needed`.
 */
export function assertSecretsGiven(
  before: AccessedEndpoints,
  after: AccessedEndpoints,
  originOf: (url: string) => string,
): void {
  const kept = [...secretsOf(after)].filter(({ secret }) => typeof secret !== "string");
  const positions = kept.map(({ group, name }) => `${after.prefix}${group}.${name}`);
  const other = newOrigin(before.urls, after.urls, originOf);
  if (other !== null) throwNeeded(positions, other);
  const [auth, authBefore] = [after.auth, before.auth];
  if (auth?.type !== "oauth2" || typeof auth.clientSecret === "string") return;
  const tokenOrigin = newOrigin(authBefore?.type === "oauth2" ? [authBefore.tokenUrl] : [], [auth.tokenUrl], originOf);
  if (tokenOrigin !== null) throwNeeded([`${after.prefix}auth.clientSecret`], tokenOrigin);
}

function newOrigin(before: readonly string[], after: readonly string[], originOf: (url: string) => string) {
  const known = new Set(before.map(originOf));
  return after.map(originOf).find((origin) => !known.has(origin)) ?? null;
}

function throwNeeded(positions: readonly string[], origin: string): void {
  if (positions.length === 0) return;
  const details = positions.map((field) => ({
    field,
    message: "must be given again, because the origin is another one",
  }));
  const sentence = `The stored secrets are not sent to another origin (${origin}). Give again, or set to null: ${positions.join(", ")}.`;
  throw new RingbackError("secrets_needed", sentence, { details });
}
