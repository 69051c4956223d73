import { assertApiKeyName, assertApiKeyPair } from "../domain/api-key-rules.ts";
import { assertEndpointUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import type { HookSettings } from "../domain/hook-rules.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import type { EventTypeSettings } from "../domain/event-type-rules.ts";
import { assertKid } from "../domain/kid-rule.ts";
import type { TopicSettings } from "../domain/model.ts";
import { assertName } from "../domain/names.ts";
import { assertType } from "../domain/type-rules.ts";
import type { ApiKeyPair, ApiKeySettings } from "../engine/access/api-keys.ts";
import type { StoredJwk } from "../engine/keys/jwk-rule.ts";
import { lacksKey } from "../domain/subscription-rules.ts";
import { givenKey } from "../engine/keys/new-key.ts";
import { apiKeySettings, declaredApiKeyBody } from "../shapes/api-key.ts";
import { eventTypeShape } from "../shapes/event-type.ts";
import { hookShape } from "../shapes/hook.ts";
import { inboxShape } from "../shapes/inbox.ts";
import { declaredKeyBody, declaredKeySource } from "../shapes/key.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { subscriptionShape } from "../shapes/subscription.ts";
import { topicShape } from "../shapes/topic.ts";
import { ConfigError } from "./config-error.ts";
import type { ConfigFile } from "./config-file.ts";
import { isRecord } from "./record.ts";
import { show, unknownKey } from "./words.ts";

/** A resource that the file declares. `value` is equal to the value that the API would read from the body of a PUT. */
export interface Declared<T> {
  readonly name: string;
  readonly value: T;
  /** File and line, such as `ringback.yaml:12`, for the error message if the server refuses the resource. */
  readonly origin: string;
}

export interface DeclaredTopic {
  readonly settings: TopicSettings;
  readonly subscriptions: readonly Declared<ReturnType<typeof subscriptionShape.read>>[];
}

export interface DeclaredApiKey {
  readonly settings: ApiKeySettings;
  readonly pair: ApiKeyPair;
}

/** The resources that the file declares. Each list has the order of the file. */
export interface DeclaredResources {
  readonly topics: readonly Declared<DeclaredTopic>[];
  readonly inboxes: readonly Declared<InboxSettings>[];
  /** Declared under `hooks:` or `callbacks:`. */
  readonly hooks: readonly Declared<HookSettings>[];
  readonly keys: readonly Declared<StoredJwk>[];
  readonly apiKeys: readonly Declared<DeclaredApiKey>[];
  readonly eventTypes: readonly Declared<EventTypeSettings>[];
}

/** The top-level keys of the file under which resources are declared. */
export const declarations: readonly string[] = [
  "topics",
  "inboxes",
  "hooks",
  "callbacks",
  "keys",
  "apiKeys",
  "eventTypes",
];

/** The callbacks that koipy's own configuration file can contain. */
const callbackNames: readonly string[] = ["onMessage", "onPreSend", "onResult"];

const readKey = shapeReader(declaredKeyBody);
const readPair = shapeReader(declaredApiKeyBody);

/** The key that the API makes for a subscription would be shown to nobody here. Throws `RingbackError`. */
function readSubscription(body: unknown): ReturnType<typeof subscriptionShape.read> {
  const subscription = subscriptionShape.read(body);
  const { push } = subscription.settings;
  if (push === null || !lacksKey(push)) return subscription;
  const fault = `protocol "${push.protocol}" needs at least one key to sign with`;
  throw RingbackError.at("invalid_request", "push.keys", fault);
}

/**
 * Reads the declarations with the schemas of the API's PUT bodies. Throws `ConfigError`, whose message never contains a
 * secret.
 */
export function readDeclarations(file: ConfigFile): DeclaredResources {
  const { values } = file;
  return {
    topics: declared(file, ["topics"], values["topics"], (value, keys) => {
      const { subscriptions, ...settings } = record(file, keys, value);
      const under = [...keys, "subscriptions"];
      return {
        settings: topicShape.read(settings),
        subscriptions: declared(file, under, subscriptions, readSubscription),
      };
    }),
    // A name without a value, such as `arrivals:`, declares an inbox whose settings all have their defaults.
    inboxes: declared(file, ["inboxes"], values["inboxes"], (body) => inboxShape.read(body ?? {})),
    hooks: readHooks(file),
    keys: readSecrets(
      file,
      "keys",
      "0: {jwk: {kty: oct, k: …}}",
      (body) => givenKey(declaredKeySource(readKey(body))),
      assertKid,
    ),
    apiKeys: readApiKeys(file),
    // A name without a value declares a type of which nothing more is known.
    eventTypes: declared(
      file,
      ["eventTypes"],
      values["eventTypes"],
      (body) => eventTypeShape.read(body ?? {}),
      assertType,
    ),
  };
}

function readHooks(file: ConfigFile): readonly Declared<HookSettings>[] {
  const callbacks = readCallbacks(file);
  const hooks = declared(file, ["hooks"], file.values["hooks"], (body, keys) =>
    hookShape.read(record(file, keys, body)),
  );
  for (const { name, origin } of hooks) {
    const twin = callbacks.find((callback) => callback.name === name);
    if (twin === undefined) continue;
    const line = twin.origin.replace(/^.*:/, "");
    const fault = `${name} stands under callbacks (line ${line}) as well; keep one of the two`;
    throw new ConfigError(origin, `hooks.${name}`, fault);
  }
  return [...callbacks, ...hooks];
}

/**
 * Reads a block copied from koipy's configuration file: one URL per callback. A callback without a value is ignored.
 */
function readCallbacks(file: ConfigFile): readonly Declared<HookSettings>[] {
  const given = record(file, ["callbacks"], file.values["callbacks"] ?? {});
  return Object.entries(given).flatMap(([name, url]) => {
    const keys = ["callbacks", name];
    if (!callbackNames.includes(name)) throw faultAt(file, keys, unknownKey(name, callbackNames));
    if (url === null) return [];
    if (typeof url !== "string") throw faultAt(file, keys, `${name} cannot be ${show(url)}; give one URL`);
    checked(file, ["callbacks"], () => assertEndpointUrl(name, url));
    return [{ name, value: hookShape.read({ urls: [url] }), origin: file.origin(keys) }];
  });
}

function readApiKey(body: unknown): DeclaredApiKey {
  const { secretId, secretKey, ...grant } = readPair(body);
  const pair = { secretId, secretKey };
  assertApiKeyPair(pair);
  // The name is the key in the file, which is known later.
  return { pair, settings: apiKeySettings("", grant) };
}

function readApiKeys(file: ConfigFile): readonly Declared<DeclaredApiKey>[] {
  const example = "billing: {secretId: AKID…, secretKey: …}";
  const apiKeys = readSecrets(file, "apiKeys", example, readApiKey, assertApiKeyName);
  for (const [index, { name, value, origin }] of apiKeys.entries()) {
    const twin = apiKeys.slice(0, index).find((other) => other.value.pair.secretId === value.pair.secretId);
    if (twin === undefined) continue;
    throw new ConfigError(origin, `apiKeys.${name}`, `${name} and ${twin.name} have one secretId; keep one of the two`);
  }
  return apiKeys;
}

/**
 * Reads a part that contains secrets. Error messages show no value of such a part, because even a misplaced value may
 * be a secret.
 */
function readSecrets<T>(
  file: ConfigFile,
  part: string,
  example: string,
  read: (body: unknown) => T,
  assertForm: NameRule,
): readonly Declared<T>[] {
  const assertRecord = (keys: readonly string[], value: unknown): void => {
    if (isRecord(value)) return;
    throw faultAt(file, keys, `${keys.at(-1)} must hold keys and values, such as ${example}`);
  };
  const value = file.values[part];
  if (value !== undefined) assertRecord([part], value);
  const readOne = (body: unknown, keys: readonly string[]): T => {
    assertRecord(keys, body);
    return read(body);
  };
  return declared(file, [part], value, readOne, assertForm);
}

/** Throws `RingbackError` for an invalid name. */
type NameRule = (field: string, name: string) => void;

/** Reads the resources of one part of the file. `keys`: the path of the part. A missing part has no resources. */
function declared<T>(
  file: ConfigFile,
  keys: readonly string[],
  part: unknown,
  read: (body: unknown, keys: readonly string[]) => T,
  assertForm: NameRule = assertName,
): readonly Declared<T>[] {
  const entries = Object.entries(part === undefined ? {} : record(file, keys, part));
  for (const [name] of entries) checked(file, [...keys, name], () => assertForm(show(name), name));
  return entries.map(([name, body]) => {
    const path = [...keys, name];
    return { name, value: checked(file, path, () => read(body, path)), origin: file.origin(path) };
  });
}

function record(file: ConfigFile, keys: readonly string[], value: unknown) {
  if (isRecord(value)) return value;
  throw faultAt(file, keys, `${keys.at(-1)} cannot be ${show(value)}; give keys and values`);
}

function faultAt(file: ConfigFile, keys: readonly string[], fault: string, cause?: unknown): ConfigError {
  return new ConfigError(file.origin(keys), keys.join("."), fault, cause);
}

/** Converts an error about a field to a `ConfigError` with the line of that field in the file. */
function checked<T>(file: ConfigFile, keys: readonly string[], check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    // Splits a path such as `filter.tags[0]` into `filter`, `tags` and `0`.
    const field = (error.details[0]?.field ?? "").split(/[.[\]]+/).filter((key) => key !== "");
    throw faultAt(file, [...keys, ...field], error.message.replace(/\.$/, ""), error);
  }
}
