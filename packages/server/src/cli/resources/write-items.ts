import type { ApiServerFlags } from "../../config/api-server.ts";
import { terminalSize, type CommandContext } from "../context.ts";
import { createPaint } from "../paint.ts";
import { jsonLine, printableLine, printableText } from "../printable.ts";
import type { Assignment } from "./request-body.ts";
import type { Resource, Verb } from "./resource.ts";
import { cellText, tableLines, valueAt } from "./text-table.ts";
import { viewText } from "./view-text.ts";

export interface VerbOptions extends ApiServerFlags {
  readonly json?: true;
  readonly quiet?: true;
  readonly file?: string;
  readonly set?: readonly Assignment[];
  readonly limit?: number;
  readonly all?: true;
  /** Milliseconds between two requests. */
  readonly watch?: number;
  readonly timeout: number;
  readonly [field: string]: unknown;
}

/** One call of a verb: everything that the user gave. */
export interface Call {
  readonly resource: Resource;
  readonly verb: Verb;
  readonly args: readonly string[];
  readonly options: VerbOptions;
  readonly context: CommandContext;
}

export interface Result {
  readonly items: readonly unknown[];
  readonly hasMore: boolean;
}

/** Writes a list as a table, one resource as YAML, and with `--json` one JSON document per line. */
export function write(call: Call, items: readonly unknown[]): void {
  const { verb, resource, options, context, args } = call;
  const { stdout } = context;
  if (options.json === true) {
    for (const item of items) stdout.write(`${jsonLine(item)}\n`);
  } else if (options.quiet === true) {
    if (verb.isList === true) for (const item of items) stdout.write(`${cellText(valueAt(item, [resource.id]))}\n`);
  } else if (verb.isList === true) {
    for (const line of listLines(call, items)) stdout.write(`${line}\n`);
  } else if (items.length === 0) {
    stdout.write(`${printableLine(`${doneWords[verb.name] ?? verb.name}: ${args.join(" ")}`)}\n`);
  } else if (verb.isDocument === true) {
    stdout.write(`${printableText(JSON.stringify(items[0], null, 2))}\n`);
  } else {
    stdout.write(`${viewText(items[0])}\n`);
  }
}

const doneWords: Readonly<Record<string, string>> = { delete: "deleted", cancel: "cancelled" };

export function listLines({ resource, context }: Call, items: readonly unknown[]): string[] {
  const { stdout } = context;
  const widthMax = stdout.isTTY === true ? terminalSize(stdout).columns : null;
  if (items.length === 0) return stdout.isTTY === true ? [`There are no ${resource.name.replaceAll("-", " ")}.`] : [];
  return tableLines(resource.columns, items, createPaint(context, stdout), { widthMax, heading: true });
}
