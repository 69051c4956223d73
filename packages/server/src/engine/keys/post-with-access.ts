import type { AccountId, TimeMs } from "../../domain/model.ts";
import type { Endpoint, PostResult, Transport } from "../../transport/port.ts";
import type { EngineServices } from "../services.ts";
import type { OpenedAccess } from "./endpoint-secrets.ts";
import type { OAuth2Client } from "./oauth2-client.ts";
import { type OAuth2Tokens, tokenFailure } from "./oauth2-tokens.ts";

export interface AccessContext extends Pick<EngineServices, "clock" | "timers"> {
  readonly transport: Pick<Transport, "post">;
  readonly tokens: OAuth2Tokens;
}

export interface AccessRequest {
  readonly account: AccountId;
  readonly access: Pick<OpenedAccess, "oauth2" | "tls">;
  readonly endpoint: Endpoint;
  /** Contain `access.headers` already. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/**
 * POSTs with the endpoint's TLS settings and, for OAuth2, with an access token. If the endpoint refuses the token with
 * 401, the request is sent once more with a newer token. All of this has the time limit of the endpoint. A failed token
 * request ends as `oauth2_failed`. Calls `ended` exactly once, later.
 */
export function postWithAccess(
  context: AccessContext,
  { access: { oauth2, tls }, ...request }: AccessRequest,
  ended: (result: PostResult) => void,
): void {
  const endpoint = { ...request.endpoint, tls };
  if (oauth2 === null) context.transport.post(endpoint, request.headers, request.body, ended);
  else void postWithToken(context, { ...request, endpoint }, oauth2).then(ended);
}

async function postWithToken(
  { transport, tokens, clock, timers }: AccessContext,
  { account, endpoint, headers, body }: Omit<AccessRequest, "access">,
  client: OAuth2Client,
): Promise<PostResult> {
  const startedAtMs = clock.now();
  const durationMs = (): TimeMs => Math.max(0, Math.round(clock.now() - startedAtMs));
  const timeLeftMs = (): number => Math.max(1, endpoint.timeoutMs - durationMs());
  const post = async (token: string): Promise<PostResult> => {
    const all = [...headers, "authorization", `Bearer ${token}`];
    return new Promise((resolve) => transport.post({ ...endpoint, timeoutMs: timeLeftMs() }, all, body, resolve));
  };

  const token = await withinTime(tokens.token(account, client), timeLeftMs(), timers);
  if (typeof token !== "string") return { ...token, durationMs: durationMs() };
  const first = await post(token);
  if (first.error !== null || first.status !== 401) return { ...first, durationMs: durationMs() };
  const newer = await withinTime(tokens.renewed(account, client, token), timeLeftMs(), timers);
  const last = typeof newer === "string" ? await post(newer) : first;
  return { ...last, durationMs: durationMs() };
}

/** The token request itself continues after `timeMs`, for later deliveries. */
async function withinTime<T>(
  token: string | Promise<T>,
  timeMs: number,
  timers: AccessContext["timers"],
): Promise<T | string | PostResult> {
  if (typeof token === "string") return token;
  let cancelTimer: (() => void) | undefined;
  const tooLate = new Promise<PostResult>((resolve) => {
    cancelTimer = timers.after(timeMs, () => resolve(tokenFailure(`has no reply within ${timeMs} ms`)));
  });
  return Promise.race([token, tooLate]).finally(() => cancelTimer?.());
}
