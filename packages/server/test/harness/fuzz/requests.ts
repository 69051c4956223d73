import type { Chance } from "../random.ts";
import { FuzzValues, type Schema } from "./values.ts";

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** The statuses that the document describes; null: the request is for no operation of the document. */
  readonly described: ReadonlySet<number> | null;
}

/** The APIs of other systems, which answer errors in formats of their own. */
const foreignPaths = ["/v2/index.php", "/", "/api", "/api/"] as const;

export function isForeign(path: string): boolean {
  return (foreignPaths as readonly string[]).includes(path.replace(/\?.*/s, ""));
}

/** Makes requests to every operation of the document, and to other paths. The same chance makes the same requests. */
export class FuzzRequests {
  readonly #chance: Chance;
  readonly #values: FuzzValues;
  readonly #operations: readonly (readonly [method: string, pattern: string, operation: Operation])[];

  constructor(document: OpenapiDocument, chance: Chance, url: string) {
    this.#chance = chance;
    this.#values = new FuzzValues(chance, url, 0.08);
    this.#operations = Object.entries(document.paths).flatMap(([pattern, methods]) =>
      Object.entries(methods).map(([method, operation]) => [method.toUpperCase(), pattern, operation] as const),
    );
  }

  next(): FuzzRequest {
    let [method, pattern, operation] = this.#pick(this.#operations);
    // Otherwise most requests would be for resources that were deleted a moment ago.
    if (method === "DELETE" && this.#happens(0.8)) [method, pattern, operation] = this.#pick(this.#operations);
    if (this.#happens(0.03)) return this.#foreign();
    const path = pattern.replaceAll(/\{\w+\}/g, () => encoded(this.#values.name())) + this.#query(operation);
    const [body, contentType] = this.#body(operation);
    const headers = { ...this.#headers(operation), ...(contentType === null ? {} : { "content-type": contentType }) };
    const isUnwanted = body !== null && operation.requestBody === undefined;
    const isOther = this.#happens(0.02);
    return {
      method: isOther ? this.#pick(["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS"]) : method,
      path,
      headers,
      body: method === "GET" && !this.#happens(0.05) ? null : body,
      // A hostile name can contain a slash or be empty, so that the path is that of another operation. An operation
      // without a body does not describe how a body is refused.
      described:
        isOther || encodedAsOther.test(path) || isUnwanted
          ? null
          : new Set(Object.keys(operation.responses).map(Number)),
    };
  }

  #query({ parameters = [] }: Operation): string {
    const given = parameters.filter((parameter) => parameter.in === "query" && this.#happens(0.4));
    const pairs = given.map(({ name, schema = {} }) => `${name}=${encoded(textOf(this.#values.value(schema, name)))}`);
    if (this.#happens(0.03)) pairs.push(`${encoded(this.#values.name())}=${encoded(textOf(this.#values.hostile()))}`);
    if (this.#happens(0.01)) pairs.push("%zz=%");
    return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  }

  #headers({ parameters = [] }: Operation): Record<string, string> {
    const given = parameters.filter((parameter) => parameter.in === "header" && this.#happens(0.15));
    const headers = given.map(({ name, schema = {} }) => [name, headerText(this.#values.value(schema, name))] as const);
    if (this.#happens(0.02))
      headers.push([this.#pick(["accept", "te", "range", "constructor"]), this.#pick(["*", "x, y"])]);
    if (this.#happens(0.01)) headers.push(["content-encoding", this.#pick(["gzip", "identity", "x"])]);
    return Object.fromEntries(headers);
  }

  #body({ requestBody }: Operation): readonly [Buffer | null, string | null] {
    const content = Object.entries(requestBody?.content ?? {});
    if (content.length === 0) return this.#happens(0.1) ? [Buffer.from("{}"), "application/json"] : [null, null];
    const [type, { schema = {} }] = this.#pick(content);
    const value = type === "*/*" ? this.#values.hostile() : this.#values.value({ type: "object", ...schema });
    const text = this.#damaged(JSON.stringify(value) ?? "");
    const otherTypes = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "application/json; charset=latin1",
      "x",
      "*/*",
    ];
    const contentType = type === "*/*" || this.#happens(0.05) ? this.#pick(otherTypes) : type;
    return [text, this.#happens(0.02) ? null : contentType];
  }

  /** Most bodies stay whole. Others are cut, extended or not UTF-8. */
  #damaged(text: string): Buffer {
    const bytes = Buffer.from(text);
    if (!this.#happens(0.08)) return bytes;
    const at = this.#chance.whole(0, bytes.length);
    return this.#pick<() => Buffer>([
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes, bytes]),
      () => Buffer.concat([bytes.subarray(0, at), Buffer.from([0xff]), bytes.subarray(at)]),
      () => Buffer.concat([Buffer.from("\uFEFF"), bytes]),
      () => Buffer.from(text.replace("{", '{"body":1,"body":"x",')),
      () => Buffer.from("[".repeat(20_000)),
      () => Buffer.alloc(0),
    ])();
  }

  #foreign(): FuzzRequest {
    const path = this.#pick(foreignPaths);
    const form = `Action=${encoded(this.#values.name())}&Nonce=1&${encoded(this.#values.name())}=${encoded(textOf(this.#values.hostile()))}`;
    const json = JSON.stringify(this.#values.hostile());
    const signed = "TC3-HMAC-SHA256 Credential=a/2026-01-01/cmq/tc3_request, SignedHeaders=constructor, Signature=00";
    return {
      method: "POST",
      path,
      headers: { "x-tc-action": headerText(this.#values.name()), ...(this.#happens(0.5) && { authorization: signed }) },
      body: Buffer.from(this.#happens(0.5) ? form : json),
      described: null,
    };
  }

  #happens(probability: number): boolean {
    return this.#chance.next() < probability;
  }

  #pick<T>(items: readonly T[]): T {
    return this.#chance.pick(items as readonly [T, ...T[]]);
  }
}

/** Paths that a client or the server reads as another path: dot segments and empty segments. */
const encodedAsOther = /\/(?:\/|\?|$|\.{1,2}(?:\/|\?|$)|%2e)/i;

function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** A header cannot contain line breaks, and Node sends one byte per character. */
function headerText(value: unknown): string {
  return textOf(value)
    .replaceAll(/[^\t\x20-\x7e\xa0-\xff]/g, "?")
    .slice(0, 1000);
}
