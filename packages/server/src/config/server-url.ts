import { ConfigError } from "./config-error.ts";
import { readVariable, serverUrlVariable, type Environment } from "./environment.ts";
import { show } from "./words.ts";

export const serverUrlDefault = "http://127.0.0.1:8000";

/** URL of the server that a command sends requests to, without a slash at its end. `--url` overrides `RINGBACK_URL`. */
export function readServerUrl(flag: string | undefined, env: Environment): string {
  const variable = readVariable(env, serverUrlVariable);
  const text = flag ?? variable ?? serverUrlDefault;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== "" || url.hash !== "") {
    const origin = flag === undefined ? serverUrlVariable : "--url";
    throw new ConfigError(origin, "url", `url cannot be ${show(text)}; give an address such as ${serverUrlDefault}`);
  }
  return url.href.replace(/\/+$/, "");
}
