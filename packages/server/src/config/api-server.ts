import { ConfigError } from "./config-error.ts";
import { apiKeyFileVariable, apiKeyVariable, readVariable, type Environment } from "./environment.ts";
import { readServerUrl } from "./server-url.ts";
import { show } from "./words.ts";

/** The server that a command sends requests to, and the headers of each request. */
export interface ApiServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiServerFlags {
  readonly url?: string;
  readonly account?: string;
}

interface ApiServerSources {
  readonly env: Environment;
  /** Throws when the file cannot be read. */
  readonly readFile: (path: string) => Uint8Array;
}

/**
 * The API key comes from `RINGBACK_API_KEY`, or from the file that `RINGBACK_API_KEY_FILE` names. It has no flag,
 * because every user of a machine can read command lines.
 */
export function readApiServer({ url, account }: ApiServerFlags, sources: ApiServerSources): ApiServer {
  const token = readToken(sources);
  return {
    url: readServerUrl(url, sources.env),
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(account === undefined ? {} : { "ringback-account": account }),
    },
  };
}

function readToken({ env, readFile }: ApiServerSources): string | null {
  const given = readVariable(env, apiKeyVariable);
  const path = readVariable(env, apiKeyFileVariable);
  if (given === undefined && path === undefined) return null;
  const origin = given === undefined ? apiKeyFileVariable : apiKeyVariable;
  const token = (given ?? readText(path ?? "", readFile)).trim();
  if (/^[!-~]+$/.test(token)) return token;
  throw new ConfigError(origin, "apiKey", "the API key is not valid; give a token such as rbk_…");
}

function readText(path: string, readFile: ApiServerSources["readFile"]): string {
  try {
    return new TextDecoder().decode(readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(apiKeyFileVariable, "apiKey", `cannot read the file ${show(path)}: ${reason}`, error);
  }
}
