import { ConfigError } from "./config-error.ts";
import { apiKeyFileVariable, apiKeyVariable, readVariable } from "./environment.ts";
import { chosenProfile, type ProfileSources } from "./profiles.ts";
import { normalUrl, readServerUrl } from "./server-url.ts";
import { show } from "./words.ts";

/** The server that a command sends requests to, and the headers of each request. */
export interface ApiServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ApiServerFlags {
  readonly url?: string;
  readonly account?: string;
  readonly profile?: string;
}

/**
 * A flag beats an environment variable, and a variable beats the profile, unless the flag `--profile` names it. The API
 * key comes from `RINGBACK_API_KEY`, from the file that `RINGBACK_API_KEY_FILE` names, or from the profile. The key has
 * no flag, because every user of a machine can read command lines.
 */
export function readApiServer({ url, account, profile: name }: ApiServerFlags, sources: ProfileSources): ApiServer {
  const profile = chosenProfile(name, sources);
  const isNamed = name !== undefined;
  const server = readServerUrl(url ?? (isNamed ? profile?.url : undefined), sources.env, profile?.url);
  // The token and the account of a profile belong to its server, and are never sent to another one.
  const own = profile !== null && server === normalUrl(profile.url) ? profile : null;
  const ownToken = own?.token ?? null;
  const token = isNamed ? (ownToken ?? readToken(sources)) : (readToken(sources) ?? ownToken);
  const actsOn = account ?? own?.account ?? null;
  return {
    url: server,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(actsOn === null ? {} : { "ringback-account": actsOn }),
    },
  };
}

function readToken({ env, readFile }: ProfileSources): string | null {
  const given = readVariable(env, apiKeyVariable);
  const path = readVariable(env, apiKeyFileVariable);
  if (given === undefined && path === undefined) return null;
  const origin = given === undefined ? apiKeyFileVariable : apiKeyVariable;
  const token = (given ?? readText(path ?? "", readFile)).trim();
  if (/^[!-~]+$/.test(token)) return token;
  throw new ConfigError(origin, "apiKey", "the API key is not valid; give a token such as rbk_…");
}

function readText(path: string, readFile: ProfileSources["readFile"]): string {
  try {
    return new TextDecoder().decode(readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(apiKeyFileVariable, "apiKey", `cannot read the file ${show(path)}: ${reason}`, error);
  }
}
