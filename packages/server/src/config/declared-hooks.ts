import { hookBody } from "../shapes/hook.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { assertEndpointUrl } from "../domain/endpoint-url-rule.ts";
import { normaliseHook } from "../domain/hook-rules.ts";
import type { HookInput } from "../domain/hook-rules.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named, record } from "./declared-part.ts";
import { show, unknownKey } from "./words.ts";

export interface DeclaredHook {
  readonly name: string;
  /** The body that `PUT /v1/hooks/{name}` would get. */
  readonly input: HookInput;
  /** `ringback.yaml:12`, to say where if the store refuses it. */
  readonly origin: string;
}

const readHook = shapeReader(hookBody);

/** koipy's own names, as its configuration file has them. */
const callbackNames = ["onMessage", "onPreSend", "onResult"] as const;

/** The `hooks:` and `callbacks:` parts of the file, checked as the API would check them. Throws `ConfigError`. */
export function readDeclaredHooks(file: ConfigFile): readonly DeclaredHook[] {
  const callbacks = readCallbacks(file);
  const hooks = named(file, ["hooks"], "hooks", file.values["hooks"]).map(([name, body]) => {
    const keys = ["hooks", name];
    const input = checked(file, keys, () => readHook(record(file, keys, name, body)));
    checked(file, keys, () => normaliseHook(input));
    return { name, input, origin: file.origin(keys) };
  });
  for (const { name, origin } of hooks) {
    const twin = callbacks.find((callback) => callback.name === name);
    if (twin === undefined) continue;
    const line = twin.origin.replace(/^.*:/, "");
    throw new ConfigError(
      origin,
      `hooks.${name}`,
      `${name} stands under callbacks (line ${line}) as well; keep one of the two`,
    );
  }
  return [...callbacks, ...hooks];
}

/** koipy's own block, word for word: a URL for each moment; one that is left out, or has nothing beside it, is not set. */
function readCallbacks(file: ConfigFile): readonly DeclaredHook[] {
  const part = file.values["callbacks"] ?? null;
  if (part === null) return [];
  const given = record(file, ["callbacks"], "callbacks", part);
  return Object.entries(given).flatMap(([name, url]) => {
    const keys = ["callbacks", name];
    if (!callbackNames.some((known) => known === name)) {
      throw new ConfigError(file.origin(keys), keys.join("."), unknownKey(name, callbackNames));
    }
    if (url === null) return [];
    if (typeof url !== "string") {
      throw new ConfigError(file.origin(keys), keys.join("."), `${name} cannot be ${show(url)}; give one URL`);
    }
    checked(file, ["callbacks"], () => {
      assertEndpointUrl(name, url);
    });
    return [{ name, input: { urls: [url] }, origin: file.origin(keys) }];
  });
}
