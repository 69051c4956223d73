import type { Jwk } from "@ringback/sdk/protocols";
import { keyBody } from "../shapes/key.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { assertKid } from "../domain/kid-rule.ts";
import { storedJwk } from "../engine/keys/jwk-rule.ts";
import type { StoredJwk } from "../engine/keys/jwk-rule.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named } from "./declared-part.ts";
import { isRecord } from "./record.ts";

export interface DeclaredKey {
  readonly kid: string;
  readonly jwk: StoredJwk;
  /** `ringback.yaml:12`, to say where if the store refuses it. */
  readonly origin: string;
}

const readKey = shapeReader(keyBody);

/**
 * Reads the `keys:` part of the file, as `PUT /v1/keys/{kid}` reads its body. Throws `ConfigError`, which shows no key.
 */
export function readDeclaredKeys(file: ConfigFile): readonly DeclaredKey[] {
  const part = file.values["keys"];
  // The message does not show the value, which may be a key that is indented too little.
  if (part !== undefined && !isRecord(part)) throw notKeys(file, ["keys"], "keys");
  return named(file, ["keys"], "keys", part, assertKid).map(([kid, body]) => {
    const keys = ["keys", kid];
    if (!isRecord(body)) throw notKeys(file, keys, kid);
    const jwk = checked(file, keys, (): Jwk => readKey(body).jwk);
    return { kid, jwk: checked(file, keys, () => storedJwk(jwk)), origin: file.origin(keys) };
  });
}

function notKeys(file: ConfigFile, keys: readonly string[], what: string): ConfigError {
  return new ConfigError(
    file.origin(keys),
    keys.join("."),
    `${what} must hold keys and values, such as 0: {jwk: {kty: oct, k: …}}`,
  );
}
