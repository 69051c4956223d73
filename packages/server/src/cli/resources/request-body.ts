import { parseConfigFile } from "../../config/config-file.ts";
import { limits } from "../../domain/limits.ts";
import { JsonText, losslessJson, parseExactNumbers } from "../../domain/lossless-json.ts";
import { collectBytes } from "../collect-bytes.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import type { CommandContext } from "../context.ts";

/** One `--set path=value`. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: unknown;
}

/**
 * Reads `labels.team=billing`. The value is JSON if it can be read as JSON, and otherwise a text. A dot that belongs to
 * a name is written `\.`.
 */
export function parseAssignment(text: string): Assignment | null {
  const at = text.indexOf("=");
  if (at < 1) return null;
  const path = text
    .slice(0, at)
    .split(/(?<!\\)\./)
    .map((part) => part.replaceAll("\\.", "."));
  return path.includes("") ? null : { path, value: jsonOrText(text.slice(at + 1)) };
}

function jsonOrText(text: string): unknown {
  try {
    return exactJson(text);
  } catch {
    return text;
  }
}

/** Throws `SyntaxError`. Long numbers keep their digits. */
function exactJson(text: string): unknown {
  JSON.parse(text);
  return parseExactNumbers(text);
}

/**
 * Makes the body of a request. JSON that no `--set` changes is sent byte for byte. Long numbers keep their digits in
 * any case. Returns null if nothing was given.
 */
export async function requestBody(
  file: string | undefined,
  assignments: readonly Assignment[],
  context: CommandContext,
): Promise<Uint8Array | null> {
  const given = file === undefined ? null : await readDocument(file, context);
  if (given !== null && assignments.length === 0) return given.json;
  if (assignments.length === 0) return null;
  const whole = given === null ? {} : given.value;
  if (!isObject(whole)) throw misused("--set needs an object: the file has another value");
  for (const assignment of assignments) assign(whole, assignment);
  return Buffer.from(losslessJson.stringify(whole));
}

interface Document {
  readonly value: unknown;
  readonly json: Uint8Array;
}

/** Reads JSON or YAML. `-`: from standard input. */
async function readDocument(file: string, context: CommandContext): Promise<Document> {
  const text = await readText(file, context);
  try {
    return { value: exactJson(text), json: Buffer.from(text) };
  } catch (error) {
    // Text that begins like JSON but is not JSON could be read as YAML with another meaning.
    if (/^\s*[[{]/.test(text) && /\.json$/i.test(file)) throw misused(`${file}: not valid JSON: ${String(error)}`);
  }
  const { values } = parseConfigFile(file === "-" ? "standard input" : file, text);
  return { value: structuredClone(values), json: Buffer.from(JSON.stringify(values)) };
}

export async function readText(file: string, context: CommandContext): Promise<string> {
  const bytes = file === "-" ? await collectBytes(context.stdin, limits.requestBytesMax) : readFile(file, context);
  if (bytes === null) throw misused(`standard input has more than ${limits.requestBytesMax} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandError(`${file}: not UTF-8`, { exitCode: exitCodes.misused, cause: error });
  }
}

function readFile(file: string, context: CommandContext): Uint8Array {
  try {
    return context.readFile(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`cannot read the file ${JSON.stringify(file)}: ${reason}`, { cause: error });
  }
}

type Json = Record<string, unknown>;

/** Sets a member, and creates the objects above it. */
export function assign(whole: Json, { path, value }: Assignment): void {
  let object = whole;
  for (const name of path.slice(0, -1)) {
    const next = Object.hasOwn(object, name) ? object[name] : undefined;
    if (isObject(next)) object = next;
    else object = define(object, name, {});
  }
  define(object, path.at(-1) ?? "", value);
}

/** An assignment would change the prototype if the name were `__proto__`. */
function define<T>(object: Json, name: string, value: T): T {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonText);
}

export function misused(message: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.misused });
}
