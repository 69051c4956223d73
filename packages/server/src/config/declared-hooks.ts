import { assertEndpointUrl } from "../domain/endpoint-url-rule.ts";
import type { HookSettings } from "../domain/hook-rules.ts";
import { hookShape } from "../shapes/hook.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named, record } from "./declared-part.ts";
import { show, unknownKey } from "./words.ts";

export interface DeclaredHook {
  readonly name: string;
  readonly settings: HookSettings;
  /** `ringback.yaml:12`, for the message when the store refuses the hook. */
  readonly origin: string;
}

/** The names in koipy's own configuration file. */
const callbackNames = ["onMessage", "onPreSend", "onResult"] as const;

/**
 * Reads the `hooks:` and `callbacks:` parts of the file, as the API reads the bodies of its PUTs. Throws `ConfigError`.
 */
export function readDeclaredHooks(file: ConfigFile): readonly DeclaredHook[] {
  const callbacks = readCallbacks(file);
  const hooks = named(file, ["hooks"], "hooks", file.values["hooks"]).map(([name, body]) => {
    const keys = ["hooks", name];
    const settings = checked(file, keys, () => hookShape.read(record(file, keys, name, body)));
    return { name, settings, origin: file.origin(keys) };
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

/** Reads koipy's own block, word for word: one URL per callback. A callback without a URL is not set. */
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
    return [{ name, settings: hookShape.read({ urls: [url] }), origin: file.origin(keys) }];
  });
}
