import { Type } from "typebox";
import type { Static, TObject, TProperties } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { shapeReader } from "./shape-check.ts";

/**
 * Query parameters arrive as text. Each is turned into what its schema asks for, and nothing else is guessed: unknown
 * ones, repeated ones and half-numbers are refused. A list takes `a,b` as well as repetition.
 */
export function queryReader<P extends TProperties>(schema: TObject<P>): (request: Queried) => Static<TObject<P>> {
  const read = shapeReader(schema);
  const types = new Map(
    Object.entries(schema.properties).map(([name, part]) => [name, (part as { type?: string }).type]),
  );
  return ({ query, url }) => {
    assertDecodable(url);
    // Without a prototype: a parameter called __proto__ is then one more unknown name.
    const values = Object.create(null) as Record<string, unknown>;
    for (const [name, given] of Object.entries(query as Record<string, string | string[]>)) {
      values[name] = types.get(name) === "array" ? list(given) : single(name, given, types.get(name));
    }
    return read(values);
  };
}

/** What a reader needs of a request. */
export interface Queried {
  readonly url: string;
  readonly query: unknown;
}

/** The parser of the query leaves an escape that it cannot decode as it is: such a text would be stored for another. */
function assertDecodable(url: string): void {
  const from = url.indexOf("?");
  if (from === -1 || !url.includes("%", from)) return;
  try {
    decodeURIComponent(url.slice(from + 1));
  } catch (cause) {
    throw new RingbackError("malformed_request", "The query holds a percent sign that starts no valid UTF-8 escape.", {
      cause,
    });
  }
}

function list(given: string | string[]): string[] {
  return [given].flat().flatMap((text) => text.split(","));
}

function single(name: string, given: string | string[], type: string | undefined): unknown {
  if (Array.isArray(given)) throw RingbackError.at("invalid_request", name, "must be given once");
  if (type === "integer" && /^-?\d{1,15}$/.test(given)) return Number(given);
  if (type === "boolean" && (given === "true" || given === "false")) return given === "true";
  return given;
}

/** Every listing's parameters. */
export const pageParameters = {
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limits.pageItemsMax,
      default: limits.pageItemsDefault,
      description: "How many items at most.",
    }),
  ),
  after: Type.Optional(Type.String({ description: "The `next` of the page before." })),
};

export const noParameters = Type.Object({}, { additionalProperties: false });
