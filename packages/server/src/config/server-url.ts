import { ConfigError } from "./config-error.ts";
import { readVariable, serverUrlVariable, type Environment } from "./environment.ts";
import { show } from "./words.ts";

export const serverUrlDefault = "http://127.0.0.1:8000";

/**
 * URL of the server that a command sends requests to, without a slash at its end. `--url` overrides `RINGBACK_URL`,
 * which overrides the profile's URL.
 */
export function readServerUrl(flag: string | undefined, env: Environment, ofProfile?: string): string {
  const variable = readVariable(env, serverUrlVariable);
  const text = flag ?? variable ?? ofProfile ?? serverUrlDefault;
  const url = normalUrl(text);
  if (url !== null) return url;
  const origin = flag !== undefined ? "--url" : variable !== undefined ? serverUrlVariable : "the profile";
  throw new ConfigError(origin, "url", `url cannot be ${show(text)}; give an address such as ${serverUrlDefault}`);
}

/** Returns null for a text that is no address of a server. */
export function normalUrl(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || /[?#]/.test(text)) return null;
  if (url.username !== "" || url.password !== "") return null;
  return url.href.replace(/\/+$/, "");
}
