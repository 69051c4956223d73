import { declaredApiKeyBody } from "../shapes/api-key.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { assertApiKeyName, assertApiKeyPair } from "../domain/api-key-rules.ts";
import type { ApiKeyPair } from "../engine/keys/api-keys.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named } from "./declared-part.ts";
import { isRecord } from "./record.ts";

export interface DeclaredApiKey {
  readonly name: string;
  readonly pair: ApiKeyPair;
  /** `ringback.yaml:12`, for the message when the store refuses the API key. */
  readonly origin: string;
}

const readPair = shapeReader(declaredApiKeyBody);

/**
 * Reads the `apiKeys:` part of the file, as `POST /v1/api-keys` reads its body. Throws `ConfigError`, which shows no
 * key.
 */
export function readDeclaredApiKeys(file: ConfigFile): readonly DeclaredApiKey[] {
  const part = file.values["apiKeys"];
  // The message does not show the value, which may be a key that is indented too little.
  if (part !== undefined && !isRecord(part)) throw noPairs(file, ["apiKeys"], "apiKeys");
  const declared = named(file, ["apiKeys"], "apiKeys", part, assertApiKeyName).map(([name, body]) => {
    const keys = ["apiKeys", name];
    if (!isRecord(body)) throw noPairs(file, keys, name);
    const pair = checked(file, keys, () => readPair(body));
    checked(file, keys, () => assertApiKeyPair(pair));
    return { name, pair, origin: file.origin(keys) };
  });
  for (const [index, { name, pair, origin }] of declared.entries()) {
    const twin = declared.slice(0, index).find((other) => other.pair.secretId === pair.secretId);
    if (twin === undefined) continue;
    throw new ConfigError(origin, `apiKeys.${name}`, `${name} and ${twin.name} have one secretId; keep one of the two`);
  }
  return declared;
}

function noPairs(file: ConfigFile, keys: readonly string[], what: string): ConfigError {
  return new ConfigError(
    file.origin(keys),
    keys.join("."),
    `${what} must hold keys and values, such as billing: {secretId: AKID…, secretKey: …}`,
  );
}
