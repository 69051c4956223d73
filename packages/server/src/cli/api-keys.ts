import { Option, type Command } from "commander";
import { readApiServer, type ApiServer } from "../config/api-server.ts";
import { loadConfig } from "../config/config.ts";
import { isRecord } from "../config/record.ts";
import { settings } from "../config/settings.ts";
import { roles, type Role } from "../domain/access-rules.ts";
import type { AccountApiKeys } from "../engine/access/account-api-keys.ts";
import { createLog } from "../ops/log.ts";
import { apiKeySettings, apiKeyView, newApiKeyView } from "../shapes/api-key.ts";
import { everyPage } from "../store/every-page.ts";
import { send, type ApiRequest } from "./api-client.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { accountOption, collectOption, durationOption } from "./option-values.ts";
import { createPaint } from "./paint.ts";
import { jsonLine, printableLine } from "./printable.ts";
import { viewText } from "./resources/view-text.ts";
import type { RecordChange } from "../stored-api-keys.ts";

interface Target {
  readonly url?: string;
  readonly profile?: string;
  readonly data?: string;
  readonly database?: string;
  readonly config?: string;
  readonly account?: string;
  readonly json?: true;
}

interface CreateOptions extends Target {
  readonly role: Role;
  readonly name?: string;
  readonly topic?: readonly string[];
  readonly allAccounts?: true;
  readonly expires?: string;
}

/** The views of API keys, wherever they come from. */
interface KeyStore {
  create(body: CreatedBody): Promise<object>;
  get(id: string): Promise<object>;
  list(): Promise<readonly object[]>;
  rotate(id: string, overlapMs: number): Promise<object>;
  revoke(id: string): Promise<void>;
}

type CreatedBody = Omit<Parameters<typeof apiKeySettings>[1], "topics"> & { name: string; topics: string[] | null };

const responseMsMax = 30_000;
const path = "/v1/api-keys";

const example = `
Examples:
  $ ringback api-keys create --role operator
  $ ringback api-keys create --role publish --topic "orders*" --name "the shop" --json
  $ ringback api-keys list --url http://127.0.0.1:8000

Without --url the command opens the data folder or the database itself, so that the first key can be made before a server
runs. A data folder can be opened only while no server uses it; with PostgreSQL servers may run. With --url the command
asks a running server, with the API key of RINGBACK_API_KEY.
`;

export function addApiKeysCommand(program: Command, context: CommandContext): void {
  const group = program
    .command("api-keys")
    .summary("create, list, replace and revoke API keys")
    .description("Manages the API keys with which programs may use the server.")
    .addHelpText("after", example);
  withTarget(group.command("create").description("Creates an API key, and shows its token once."))
    .addOption(new Option("--role <role>", "what the key allows").choices(roles).makeOptionMandatory())
    .option("--name <name>", "a name for people (default: the role)")
    .option("--topic <pattern>", "only topics with this name, in which * stands for any characters", collectOption)
    .option("--all-accounts", "the key is valid for every account")
    .option("--expires <time>", "such as 2027-01-31T00:00:00Z")
    .action(async (options: CreateOptions) => {
      const made = await at(options, context, (keys) => keys.create(bodyOf(options)));
      show(made, options, context, () => createdText(made, context));
    });
  withTarget(group.command("list").description("Lists API keys, without their secrets.")).action(
    async (options: Target) => {
      for (const key of await at(options, context, (keys) => keys.list())) {
        show(key, options, context, () => listedText(key));
      }
    },
  );
  withTarget(group.command("get").description("Shows one API key, without its secret."))
    .argument("<id>", "the id of the key")
    .action(async (id: string, options: Target) => {
      const key = await at(options, context, (keys) => keys.get(id));
      show(key, options, context, () => viewText(key));
    });
  withTarget(group.command("rotate").description("Replaces an API key, and shows the new token once."))
    .argument("<id>", "the id of the key")
    .option("--overlap <duration>", "how long the old key stays valid, such as 10m, 24h", durationOption, 0)
    .action(async (id: string, options: Target & { readonly overlap: number }) => {
      const made = await at(options, context, (keys) => keys.rotate(id, options.overlap));
      show(made, options, context, () => createdText(made, context));
    });
  withTarget(group.command("revoke").aliases(["delete"]).description("Revokes an API key for good."))
    .argument("<id>", "the id of the key")
    .action(async (id: string, options: Target) => {
      await at(options, context, (keys) => keys.revoke(id));
      show({ type: "revoked", id }, options, context, () => `revoked ${printableLine(id)}`);
    });
}

function withTarget(command: Command): Command {
  return command
    .option("--data <folder>", `the data folder (default: RINGBACK_DATA, or ${settings.data.default})`)
    .option("--database <url>", "the database, as for `ringback serve`")
    .option("--config <file>", "the configuration file of the server")
    .option("--url <url>", "the URL of a running server, which is asked instead")
    .addOption(accountOption())
    .addOption(new Option("--profile <name>", "a server of `ringback profile list`, which is asked instead"))
    .option("--json", "print JSON");
}

async function at<T>(options: Target, context: CommandContext, work: (keys: KeyStore) => Promise<T>): Promise<T> {
  if (options.url !== undefined || options.profile !== undefined)
    return work(onServer(readApiServer(options, context)));
  const { data, database, config: file, account = "default" } = options;
  const readFile = (name: string): string => new TextDecoder().decode(context.readFile(name));
  const given = { data, database, config: file };
  const config = loadConfig({ flags: given, env: context.env, readFile });
  const log = createLog({ level: "warn", pretty: false, destination: context.stderr });
  // Loaded only when needed, because it loads the libraries of the databases.
  const { withStoredApiKeys } = await import("../stored-api-keys.ts");
  return withStoredApiKeys(config, log, account, (apiKeys, record) => work(inStore(apiKeys, record, context)));
}

function inStore(apiKeys: AccountApiKeys, record: RecordChange, { clock }: CommandContext): KeyStore {
  return {
    async create(body) {
      const made = await apiKeys.create(apiKeySettings(body.name, body), null);
      const { apiKey } = made;
      const after = apiKeyView(apiKey);
      await record({ action: "createApiKey", target: `api-keys/${apiKey.id}`, before: null, after });
      return newApiKeyView(made);
    },
    async get(id) {
      const found = await apiKeys.get(id);
      if (found === null) throw noKey(id);
      return apiKeyView(found);
    },
    async list() {
      const views: object[] = [];
      for await (const keys of everyPage((page) => apiKeys.list(page))) views.push(...keys.map(apiKeyView));
      return views;
    },
    async rotate(id, overlapMs) {
      const before = await apiKeys.get(id);
      const made = await apiKeys.rotate(id, clock.wall(), overlapMs);
      if (before === null || made === null) throw noKey(id);
      const views = { before: apiKeyView(before), after: apiKeyView(made.apiKey) };
      await record({ action: "rotateApiKey", target: `api-keys/${id}`, ...views });
      return newApiKeyView(made);
    },
    async revoke(id) {
      const before = await apiKeys.get(id);
      if (before === null || !(await apiKeys.delete(id))) throw noKey(id);
      await record({ action: "deleteApiKey", target: `api-keys/${id}`, before: apiKeyView(before), after: null });
    },
  };
}

function onServer(server: ApiServer): KeyStore {
  const ask = async (method: ApiRequest["method"], to: string, json?: object): Promise<Record<string, unknown>> => {
    const body = json === undefined ? {} : { body: Buffer.from(JSON.stringify(json)) };
    const headers: Record<string, string> = json === undefined ? {} : { "content-type": "application/json" };
    const answer = await send(server, { method, path: to, headers, ...body, timeoutMs: responseMsMax });
    return isRecord(answer) ? answer : {};
  };
  return {
    create: (body) => ask("POST", path, body),
    get: (id) => ask("GET", keyPath(id)),
    async list() {
      const views: object[] = [];
      for (let query = "?limit=100"; ;) {
        const { items, next } = await ask("GET", path + query);
        views.push(...(Array.isArray(items) ? items.filter(isRecord) : []));
        if (typeof next !== "string") return views;
        query = `?limit=100&after=${encodeURIComponent(next)}`;
      }
    },
    rotate: (id, overlapMs) => ask("POST", `${keyPath(id)}/rotate`, { overlapMs }),
    async revoke(id) {
      await ask("DELETE", keyPath(id));
    },
  };
}

function keyPath(id: string): string {
  return `${path}/${encodeURIComponent(id)}`;
}

function bodyOf({ role, name = role, topic, allAccounts, expires }: CreateOptions): CreatedBody {
  return {
    name,
    role,
    topics: topic === undefined ? null : [...topic],
    allAccounts: allAccounts ?? null,
    expiresAt: expires ?? null,
  };
}

function show(key: object, { json }: Target, { stdout }: CommandContext, text: () => string): void {
  stdout.write(`${json === true ? jsonLine(key) : text()}\n`);
}

/** For a pipe, only the token, so that the next command can use it. */
function createdText(key: object, context: CommandContext): string {
  const { token, id } = textsOf(key);
  if (context.stdout.isTTY !== true) return token;
  const paint = createPaint(context, context.stdout);
  const use = `Send it as \`Authorization: Bearer …\`, or set RINGBACK_API_KEY for the command line.`;
  return `${paint("green", token)}\nThis is the token of the API key ${id}. It is not shown again. ${use}`;
}

function listedText(key: object): string {
  const { id, role, name, lastUsedAt, expiresAt } = textsOf(key);
  return `${id}  ${role.padEnd(8)}  ${name}  last used: ${lastUsedAt || "never"}${expiresAt && `  expires: ${expiresAt}`}`;
}

/** The members of a view as text for a terminal. */
function textsOf(key: object) {
  const text = (name: string): string => {
    const value: unknown = Object.hasOwn(key, name) ? (key as Record<string, unknown>)[name] : null;
    return typeof value === "string" ? printableLine(value) : "";
  };
  return {
    id: text("id"),
    token: text("token"),
    role: text("role"),
    name: text("name"),
    lastUsedAt: text("lastUsedAt"),
    expiresAt: text("expiresAt"),
  };
}

function noKey(id: string): CommandError {
  return new CommandError(`there is no API key ${printableLine(id)}`);
}
