import { RingbackApiError } from "@ringback/sdk/client";
import { chosenAccount, client, currentSession } from "../api/session.ts";
import type { Text } from "../language/text.ts";
import type { Fault } from "./check.ts";
import { sentSettings, type Settings } from "./values.ts";

export interface Answer {
  readonly view: Settings;
  /** The entity tag of the newest state. */
  readonly tag: string | null;
}

interface SentRequest {
  readonly method: "get" | "put" | "patch" | "post";
  /** As in the API's description, with the names of its parameters. */
  readonly path: string;
  readonly names: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Settings;
}

/** Sends a request whose path is known only at run time, and returns the answer with its entity tag. */
export async function send({ method, path, names, headers, body }: SentRequest): Promise<Answer> {
  let tag: string | null = null;
  const current = client();
  const calls = current as unknown as Readonly<Record<string, (path: string, init: object) => Promise<unknown>>>;
  const init = {
    params: { path: names },
    ...(headers !== undefined && { headers }),
    ...(body !== undefined && { body: sentSettings(body) }),
    middleware: [
      { onResponse: ({ response }: { readonly response: Response }) => void (tag = response.headers.get("etag")) },
    ],
  };
  const view = (await calls[method]?.(path, init)) as Settings | undefined;
  return { view: view ?? {}, tag };
}

/** Headers that the page's requests have beside those of the form, for people who repeat them. */
export function accountHeaders(): Readonly<Record<string, string>> {
  const account = chosenAccount();
  return account === undefined ? {} : { "ringback-account": account };
}

/** False: the server is open, and a request needs no token. */
export function needsToken(): boolean {
  const session = currentSession();
  return session.state !== "signed-in" || session.via !== "open";
}

/** The sentences of a form, by their setting: the server's own, else what the form has found. */
export function sentencesOf(faults: readonly Fault[], error: unknown, text: Text): ReadonlyMap<string, string> {
  const sentences = new Map(faults.map(({ path, key, values }) => [path, text(key, values)]));
  if (error instanceof RingbackApiError) {
    for (const { field, message } of error.problem?.errors ?? []) sentences.set(field, message);
  }
  return sentences;
}
