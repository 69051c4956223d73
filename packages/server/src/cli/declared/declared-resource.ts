import { loadConfig } from "../../config/config.ts";
import { parseConfigFile } from "../../config/config-file.ts";
import { isRecord } from "../../config/record.ts";
import { bodyOf } from "../../shapes/subscription.ts";

/** A resource that the file declares, in the order in which resources must be created. */
export interface DeclaredResource {
  /** Such as `topics/orders/subscriptions/billing`. */
  readonly name: string;
  readonly path: string;
  /** File and line. */
  readonly origin: string;
  /** The settings as the file writes them: the body of the request. */
  readonly body: unknown;
  /** The settings with their defaults, as far as the view of the resource shows them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** An API key is created by a POST, which imports its pair. */
  readonly isApiKey?: true;
  /** The view shows nothing of the resource's value. */
  readonly isSecret?: true;
}

export interface Declarations {
  readonly account: string;
  readonly resources: readonly DeclaredResource[];
  /** The parts that the file has, such as `topics`. */
  readonly parts: ReadonlySet<string>;
}

/** Reads the resources of a configuration file, and ignores the settings of the server. Throws `ConfigError`. */
export function readDeclared(file: string, text: string): Declarations {
  const { declared, account } = loadConfig({ flags: { config: file }, env: {}, readFile: () => text });
  const { values } = parseConfigFile(file, text);
  const raw = (...keys: readonly string[]): unknown =>
    keys.reduce<unknown>(
      (value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      values,
    );
  const resources: DeclaredResource[] = [];
  for (const { name, origin } of declared.keys) {
    resources.push({ ...at("keys", name), origin, body: raw("keys", name), settings: {}, isSecret: true });
  }
  for (const { name, value, origin } of declared.apiKeys) {
    const { role, topics, allAccounts } = value.settings;
    const body = { ...objectOf(raw("apiKeys", name)), name };
    const settings = { name, role, topics, allAccounts };
    resources.push({ ...at("api-keys", value.pair.secretId), origin, body, settings, isApiKey: true });
  }
  for (const { name, value, origin } of declared.hooks) {
    const body = raw("hooks", name) ?? { urls: [raw("callbacks", name)] };
    resources.push({ ...at("hooks", name), origin, body, settings: objectOf(value) });
  }
  for (const { name, value, origin } of declared.eventTypes) {
    resources.push({ ...at("event-types", name), origin, body: raw("eventTypes", name), settings: objectOf(value) });
  }
  for (const { name, value, origin } of declared.topics) {
    const { subscriptions: _, ...body } = objectOf(raw("topics", name));
    resources.push({ ...at("topics", name), origin, body, settings: objectOf(value.settings) });
    for (const { name: own, value: subscription, origin: line } of value.subscriptions) {
      const below = `${encodeURIComponent(name)}/subscriptions`;
      resources.push({
        name: `topics/${name}/subscriptions/${own}`,
        path: `/v1/topics/${below}/${encodeURIComponent(own)}`,
        origin: line,
        body: raw("topics", name, "subscriptions", own),
        settings: objectOf(bodyOf(subscription.settings)),
      });
    }
  }
  for (const { name, value, origin } of declared.inboxes) {
    resources.push({ ...at("inboxes", name), origin, body: raw("inboxes", name) ?? {}, settings: objectOf(value) });
  }
  return { account, resources, parts: new Set(Object.keys(values)) };
}

function at(plural: string, name: string) {
  return { name: `${plural}/${name}`, path: `/v1/${plural}/${encodeURIComponent(name)}` };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
