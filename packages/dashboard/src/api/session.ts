import { useSyncExternalStore } from "react";
import { createClient, RingbackApiError, type ClientOptions, type RingbackClient } from "@ringback/sdk/client";

export type Role = "operator" | "admin" | "publish" | "consume" | "read";

/** The reader of the page. `expired`: the key or portal link is no longer valid. `failed`: the server does not say. */
export type Session =
  | { readonly state: "loading" }
  | { readonly state: "signed-out"; readonly reason: "none" | "expired" }
  | { readonly state: "failed"; readonly error: unknown }
  | SignedIn;

export interface SignedIn {
  readonly state: "signed-in";
  readonly account: string;
  readonly role: Role;
  readonly name: string | null;
  readonly topics: readonly string[] | null;
  readonly expiresAt: string | null;
  /** `open`: the server needs no key. */
  readonly via: "open" | "header" | "cookie";
  /** True: opened by a portal link, for a customer's own page. */
  readonly portal: boolean;
}

interface SessionAnswer extends Omit<SignedIn, "state"> {}

const accountKey = "ringback.account";
const listeners = new Set<() => void>();
let session: Session = { state: "loading" };
/** Kept in memory only. With a cookie the page never sees the token. */
let token: string | undefined;
let account = readAccount();
/** The id of the portal link that opened the page. */
let link: string | null = null;

export function currentSession(): Session {
  return session;
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, currentSession);
}

/** The session of a page that is shown only to readers who are signed in. */
export function useSignedIn(): SignedIn {
  const current = useSession();
  if (current.state !== "signed-in") throw new Error("the page needs a session");
  return current;
}

export interface ClientUse extends Pick<ClientOptions, "onRetry"> {
  /** Called with each response, for its status and headers. */
  readonly onResponse?: (response: Response) => void;
}

function reporting(onResponse: (response: Response) => void): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await fetch(url, init);
    onResponse(response);
    return response;
  };
}

/** A client for this page's server. Failed requests are not repeated here, because the queries repeat them. */
export function client({ onRetry, onResponse }: ClientUse = {}): RingbackClient {
  const headers = { "ringback-csrf": "1" };
  const given = {
    ...(onRetry !== undefined && { onRetry }),
    ...(onResponse !== undefined && { fetch: reporting(onResponse) }),
  };
  return createClient({ url: location.origin, token, account, retriesMax: 0, headers, ...given });
}

/** Asks the server who the reader is. */
export async function findSession(): Promise<void> {
  try {
    await readSession();
  } catch (error) {
    const status = error instanceof RingbackApiError ? error.status : 0;
    // The chosen account is deleted, or the key is one of another account.
    if ((status === 403 || status === 404) && account !== undefined) return chooseAccount(undefined);
    if (status !== 401 && status !== 403) return setSession({ state: "failed", error });
    const isOver = session.state === "signed-in" || token !== undefined;
    setSession({ state: "signed-out", reason: isOver ? "expired" : "none" });
  }
}

/**
 * Signs in with the token of an API key. `remember`: in an HttpOnly cookie, else until the page is closed. Throws the
 * server's refusal.
 */
export async function signIn(givenToken: string, remember: boolean): Promise<void> {
  keepAccount(undefined);
  token = undefined;
  if (remember) {
    await request("POST", "/v1/session", { token: givenToken, remember: true });
    return findSession();
  }
  token = givenToken;
  try {
    await readSession();
  } catch (error) {
    token = undefined;
    throw error;
  }
}

/** Signs in by a portal link: the token comes from the address, and stays in memory. null: it is no longer there. */
export async function openPortal(linkId: string, givenToken: string | null): Promise<void> {
  link = linkId;
  account = undefined;
  if (givenToken === null) return setSession({ state: "signed-out", reason: "none" });
  token = givenToken;
  await findSession();
}

/** The id of the portal link that opened the page; null: the page is an operator's. */
export function portalLink(): string | null {
  return link;
}

async function readSession(): Promise<void> {
  const answer = (await request("GET", "/v1/session")) as SessionAnswer;
  setSession({ ...answer, state: "signed-in" });
}

export async function signOut(): Promise<void> {
  const { via } = session as Partial<SignedIn>;
  if (via === "cookie") await request("DELETE", "/v1/session");
  token = undefined;
  keepAccount(undefined);
  setSession({ state: "signed-out", reason: "none" });
}

/** The account that an operator looks at; undefined: the key's own, or `default`. */
export function chosenAccount(): string | undefined {
  return account;
}

export function chooseAccount(name: string | undefined): Promise<void> {
  keepAccount(name);
  return findSession();
}

function keepAccount(name: string | undefined): void {
  account = name;
  try {
    if (name === undefined) sessionStorage.removeItem(accountKey);
    else sessionStorage.setItem(accountKey, name);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** Called when any request was refused because its key is no longer valid. */
export function sessionEnded(): void {
  if (session.state === "signed-in") setSession({ state: "signed-out", reason: "expired" });
}

function request(method: string, path: string, body?: object): Promise<unknown> {
  const send = client().raw.request as (
    method: string,
    path: string,
    init: object,
  ) => Promise<{ data?: unknown; error?: unknown; response: Response }>;
  return send(method, path, body === undefined ? {} : { body }).then(({ data, error, response }) => {
    if (response.ok) return data;
    throw new RingbackApiError(response.status, error as never, response.statusText);
  });
}

function setSession(value: Session): void {
  session = value;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function readAccount(): string | undefined {
  try {
    return sessionStorage.getItem(accountKey) ?? undefined;
  } catch {
    return undefined;
  }
}
