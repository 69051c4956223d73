import { readApiServer, type ApiServerFlags } from "../../config/api-server.ts";
import { ApiError } from "../api-client.ts";
import { apiCaller, type ApiCaller } from "../api-caller.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import type { CommandContext } from "../context.ts";
import { createPaint, type Paint } from "../paint.ts";
import { jsonLine, printableLine } from "../printable.ts";
import { readText } from "../resources/request-body.ts";
import { compare, type Comparison } from "./compare.ts";
import { readDeclared, type Declarations, type DeclaredResource } from "./declared-resource.ts";
import { resourcesToPrune } from "./prune.ts";

export interface ApplyOptions extends ApiServerFlags {
  readonly file: string;
  readonly prune?: true;
  readonly json?: true;
}

/** The change of one resource. */
export interface Change extends Comparison {
  readonly action: "create" | "update" | "unchanged" | "delete";
  readonly name: string;
}

/** Applies a file, or shows what applying it would change. Resources before a failed one stay changed. */
export async function runApply(options: ApplyOptions, isDiff: boolean, context: CommandContext): Promise<void> {
  const file = options.file === "-" ? "standard input" : options.file;
  const declared = readDeclared(file, await readText(options.file, context));
  const account = options.account ?? (declared.account === "default" ? undefined : declared.account);
  const api = apiCaller(readApiServer({ ...options, ...(account === undefined ? {} : { account }) }, context));
  const show = changePrinter(options, context);
  let doneCount = 0;
  try {
    for (const resource of declared.resources) {
      const change = await changeOf(api, resource);
      // A difference is found before it is applied, so that the output of both commands is equal.
      if (!isDiff && (change.action !== "unchanged" || change.hasSecrets)) await put(api, resource);
      show(change);
      doneCount += 1;
    }
    if (options.prune === true) await prune(api, declared, isDiff, show);
  } catch (error) {
    const left = declared.resources.length - doneCount;
    show.total(
      isDiff,
      left === 0 ? "." : `; ${left} of the file's resources were not ${isDiff ? "compared" : "applied"}.`,
    );
    throw error;
  }
  show.end(isDiff);
}

async function prune(api: ApiCaller, declared: Declarations, isDiff: boolean, show: (change: Change) => void) {
  for (const { name, path } of await resourcesToPrune(api, declared)) {
    if (!isDiff) await api("DELETE", path).catch(unlessMissing);
    show({ action: "delete", name, differences: [], hasSecrets: false });
  }
}

async function changeOf(api: ApiCaller, { name, path, settings, isSecret }: DeclaredResource): Promise<Change> {
  const view = await api("GET", path).catch(unlessMissing);
  if (view === null) return { action: "create", name, differences: [], hasSecrets: false };
  const { differences, hasSecrets } = compare(settings, view);
  const action = differences.length === 0 ? "unchanged" : "update";
  return { action, name, differences, hasSecrets: hasSecrets || isSecret === true };
}

function unlessMissing(error: unknown): null {
  if (error instanceof ApiError && error.status === 404) return null;
  throw error;
}

async function put(api: ApiCaller, { path, origin, body, isApiKey }: DeclaredResource): Promise<void> {
  const json = typeof body === "object" && body !== null ? body : {};
  try {
    await (isApiKey === true ? api("POST", "/v1/api-keys", json) : api("PUT", path, json));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new CommandError(`${origin}: ${error.message}`, { cause: error });
  }
}

const signs = { create: "+", update: "~", delete: "-", unchanged: "=" } as const;
const colours = { create: "green", update: "yellow", delete: "red", unchanged: "dim" } as const;

function changePrinter({ json }: ApplyOptions, context: CommandContext) {
  const paint = createPaint(context, context.stdout);
  const count = { create: 0, update: 0, delete: 0, unchanged: 0 };
  const show = (change: Change): void => {
    count[change.action] += 1;
    context.stdout.write(`${json === true ? jsonLine(jsonOf(change)) : textOf(change, paint)}\n`);
  };
  const total = (isDiff: boolean, ending: string): void => {
    const { create, update, delete: removed, unchanged } = count;
    const words = isDiff ? "to create, to change, to delete" : "created, changed, deleted";
    const [created, changed, deleted] = words.split(", ");
    if (json !== true) {
      const parts = [`${create} ${created}`, `${update} ${changed}`, `${removed} ${deleted}`, `${unchanged} unchanged`];
      context.stderr.write(`${parts.join(", ")}${ending}\n`);
    }
  };
  const end = (isDiff: boolean): void => {
    total(isDiff, ".");
    const { create, update, delete: removed } = count;
    if (isDiff && create + update + removed > 0) {
      throw new CommandError("there are differences", { exitCode: exitCodes.different });
    }
  };
  return Object.assign(show, { total, end });
}

function jsonOf({ action, name, differences, hasSecrets }: Change): object {
  return { type: "change", action, resource: name, differences, hasSecrets };
}

function textOf({ action, name, differences, hasSecrets }: Change, paint: Paint): string {
  const note = hasSecrets ? " (with secrets, which cannot be compared)" : "";
  const lines = differences.map(({ path, from, to }) => `    ${path}: ${valueText(from)} → ${valueText(to)}`);
  return [paint(colours[action], `${signs[action]} ${printableLine(name)}${note}`), ...lines.map(printableLine)].join(
    "\n",
  );
}

function valueText(value: unknown): string {
  return value === undefined ? "(not set)" : JSON.stringify(value);
}
