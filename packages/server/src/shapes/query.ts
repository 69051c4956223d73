import type { FastifyInstance } from "fastify";
import { Type, type Static, type TObject, type TProperties } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { malformedText, shapeReader } from "./shape-check.ts";
import { about, closedObject, whole } from "./schema-parts.ts";

/**
 * Returns a function that reads the query. The text of a parameter is converted to a number, a boolean or a list if the
 * schema requires that. Unknown parameters and malformed numbers are refused. A list is written as `a,b` or as a
 * repeated parameter; other parameters must not be repeated.
 */
export function queryReader<P extends TProperties>(schema: TObject<P>): (request: Queried) => Static<TObject<P>> {
  const read = shapeReader(schema);
  const types = new Map(
    Object.entries(schema.properties).map(([name, part]) => [name, (part as { type?: string }).type]),
  );
  return ({ query, url }) => {
    assertDecodable(url);
    const parameters = Object.entries(query as Record<string, string | string[]>);
    if (parameters.length === 0) return read(empty);
    // The object has no prototype, so that a parameter called __proto__ is refused like any other unknown name.
    const values = Object.create(null) as Record<string, unknown>;
    for (const [name, given] of parameters) {
      values[name] = types.get(name) === "array" ? list(given) : single(name, given, types.get(name));
    }
    return read(values);
  };
}

const empty = Object.freeze({});

/** The part of a request that the reader of a query needs. */
export interface Queried {
  readonly url: string;
  readonly query: unknown;
}

/**
 * Refuses invalid escapes. The parser of the query would leave an invalid escape in the text unchanged, so the
 * parameter would have a wrong value.
 */
function assertDecodable(url: string): void {
  const from = url.indexOf("?");
  if (from === -1 || !url.includes("%", from)) return;
  try {
    decodeURIComponent(url.slice(from + 1));
  } catch (cause) {
    const sentence = "The query contains a percent sign that is not part of a valid UTF-8 escape.";
    throw new RingbackError("malformed_request", sentence, { cause });
  }
}

function list(given: string | string[]): string[] {
  return [given].flat().flatMap((text) => text.split(","));
}

function single(name: string, given: string | string[], type: string | undefined): unknown {
  if (Array.isArray(given)) throw RingbackError.at("invalid_request", name, "must be given once");
  if (type === "integer") return /^-?\d{1,15}$/.test(given) ? Number(given) : malformedText;
  if (type === "boolean") return given === "true" || given === "false" ? given === "true" : malformedText;
  return given;
}

/** The query parameters that every list has. */
export const pageParameters = {
  limit: about(
    "The largest number of items on the page.",
    Type.Optional(whole(1, limits.pageItemsMax, { default: limits.pageItemsDefault })),
  ),
  after: about("The `next` of the previous page.", Type.Optional(Type.String())),
};

export const noParameters = closedObject({});

/**
 * Refuses all query parameters of the routes of `/v1` whose schema has no query. Must be called before the routes are
 * added.
 */
export function refuseUnknownParameters(app: FastifyInstance): void {
  const readNone = queryReader(noParameters);
  app.addHook("onRoute", (route) => {
    if (!route.url.startsWith("/v1/") || route.schema?.querystring !== undefined) return;
    route.preHandler = (request, _reply, done) => {
      readNone(request);
      done();
    };
  });
}
