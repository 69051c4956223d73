import { createHash } from "node:crypto";
import type { OAuth2Auth } from "../../domain/endpoint-access.ts";
import { parseTarget, type Target } from "../../transport/endpoint.ts";

/** An OAuth2 client, prepared for its token requests. */
export interface OAuth2Client extends Target {
  /** Equal for clients that can use the same token. */
  readonly key: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
  /** Errors must not repeat it. */
  readonly secret: string;
}

/** RFC 6749 section 4.4.2, with the client's id and secret as in section 2.3.1. */
export function clientOf(auth: OAuth2Auth, secret: string): OAuth2Client {
  const { tokenUrl, clientId, scopes, audience, clientAuth } = auth;
  const form = new URLSearchParams({ grant_type: "client_credentials" });
  if (scopes.length > 0) form.set("scope", scopes.join(" "));
  if (audience !== null) form.set("audience", audience);
  const headers = ["content-type", "application/x-www-form-urlencoded", "accept", "application/json"];
  if (clientAuth === "body") {
    form.set("client_id", clientId);
    form.set("client_secret", secret);
  } else {
    const credentials = Buffer.from(`${encoded(clientId)}:${encoded(secret)}`).toString("base64");
    headers.push("authorization", `Basic ${credentials}`);
  }
  const key = JSON.stringify([tokenUrl, clientId, scopes, audience, clientAuth, secret]);
  return {
    ...parseTarget(tokenUrl),
    key: createHash("sha256").update(key).digest("base64url"),
    headers,
    body: Buffer.from(form.toString()),
    secret,
  };
}

/** The form `application/x-www-form-urlencoded` of one value. */
function encoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
