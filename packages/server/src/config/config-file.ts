import { createRequire } from "node:module";
import type * as Yaml from "yaml";
import { ConfigError } from "./config-error.ts";
import { isRecord } from "./record.ts";

/**
 * Limit of the configuration file, which is read into memory as a whole. Large enough for tens of thousands of declared
 * resources.
 */
export const configFileBytesMax = 8 * 1024 * 1024;
/** The most YAML aliases (`*name`) of a file. Without a limit, a small file could expand to a huge value. */
const aliasesMax = 1000;

export interface ConfigFile {
  readonly values: Readonly<Record<string, unknown>>;
  /**
   * Returns file and line of the key or list item, such as `ringback.yaml:7`. For a missing key, returns file and line
   * of its nearest parent.
   */
  origin(keys: readonly string[]): string;
}

/** Many servers have no configuration file. Loading the parser costs 40 ms of a start, and 8 MB of memory. */
const load = createRequire(import.meta.url);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
const yaml = (): typeof Yaml => load("yaml") as typeof Yaml;

export function parseConfigFile(path: string, text: string): ConfigFile {
  const { LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fault = document.errors[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const sentence = `not valid YAML at column ${col}: ${explain(fault.code, fault.message)}`;
    throw new ConfigError(`${path}:${line}`, "", sentence);
  }
  const long = firstLongNumber(document);
  if (long !== null) {
    const { line } = lines.linePos(long.offset);
    throw new ConfigError(
      `${path}:${line}`,
      "",
      `the number ${long.text} would lose digits; write a text: "${long.text}"`,
    );
  }
  const origin = (keys: readonly string[]) => `${path}:${lines.linePos(offsetOf(document, keys)).line}`;
  const values: unknown = document.contents === null ? {} : toPlainValues(document, path);
  if (!isRecord(values)) {
    throw new ConfigError(origin([]), "", "the file contains no settings; give lines such as listen: 127.0.0.1:8000");
  }
  return { values, origin };
}

/** Returns a whole number that is too large to keep its digits. */
function firstLongNumber(document: Yaml.Document.Parsed): { readonly text: string; readonly offset: number } | null {
  let found: { readonly text: string; readonly offset: number } | null = null;
  const { visit } = yaml();
  visit(document, {
    Scalar(_key, { value, source = "", range }) {
      if (typeof value !== "number" || Number.isSafeInteger(value) || !/^[-+]?\d+$/.test(source)) return undefined;
      found = { text: source, offset: range?.[0] ?? 0 };
      return visit.BREAK;
    },
  });
  return found;
}

function toPlainValues(document: Yaml.Document.Parsed, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: aliasesMax });
  } catch (error) {
    const limit = `more than ${aliasesMax} aliases would be expanded`;
    throw new ConfigError(path, "", `an alias (*name) has no anchor (&name) before it, or ${limit}`, error);
  }
}

function explain(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "the key is given twice";
  if (code === "UNEXPECTED_TOKEN" || code === "BAD_SCALAR_START") {
    return `${message}; put a value with special characters, such as "[::1]:8000", in quotation marks`;
  }
  return message;
}

/** Returns the position of the key to which the path leads, or of the last part of the path that exists. */
function offsetOf(document: Yaml.Document.Parsed, keys: readonly string[]): number {
  const { isMap, isScalar, isSeq } = yaml();
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(key)];
      if (isMap(node) || isSeq(node) || isScalar(node)) offset = node.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
