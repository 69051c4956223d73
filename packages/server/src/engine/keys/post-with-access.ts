import type { AccountId } from "../../domain/model.ts";
import type { Endpoint, PostResult, Transport } from "../../transport/port.ts";
import type { OpenedAccess } from "./endpoint-secrets.ts";
import type { OAuth2Client } from "./oauth2-client.ts";
import type { OAuth2Tokens, TokenFailure } from "./oauth2-tokens.ts";

export interface AccessContext {
  readonly transport: Pick<Transport, "post">;
  readonly tokens: OAuth2Tokens;
}

interface Request {
  readonly endpoint: Endpoint;
  /** Contain `access.headers` already. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/**
 * POSTs with the endpoint's TLS settings and, for OAuth2, with an access token. If the endpoint refuses the token with
 * 401, the request is sent once more with a newer token, within the same time limit. Calls `ended` exactly once, later.
 */
export function postWithAccess(
  { transport, tokens }: AccessContext,
  account: AccountId,
  { oauth2, tls }: Pick<OpenedAccess, "oauth2" | "tls">,
  request: Request,
  ended: (result: PostResult | TokenFailure) => void,
): void {
  const endpoint = { ...request.endpoint, tls };
  if (oauth2 === null) transport.post(endpoint, request.headers, request.body, ended);
  else void postWithToken(oauth2).then(ended);

  async function postWithToken(client: OAuth2Client): Promise<PostResult | TokenFailure> {
    const token = await tokens.token(account, client);
    if (typeof token !== "string") return token;
    const first = await post(token, endpoint.timeoutMs);
    const timeLeftMs = endpoint.timeoutMs - first.durationMs;
    if (first.error !== null || first.status !== 401 || timeLeftMs <= 0) return first;
    const newer = await tokens.renewed(account, client, token);
    if (newer === null) return first;
    const second = await post(newer, timeLeftMs);
    return { ...second, durationMs: first.durationMs + second.durationMs };
  }

  function post(token: string, timeoutMs: number): Promise<PostResult> {
    const headers = [...request.headers, "authorization", `Bearer ${token}`];
    return new Promise((resolve) => transport.post({ ...endpoint, timeoutMs }, headers, request.body, resolve));
  }
}
