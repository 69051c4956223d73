import { Type } from "typebox";
import type { TObject, TSchema } from "typebox";
import type { ErrorCode } from "../domain/errors.ts";
import { bodyErrors, pageOf, problemResponses, writeErrors } from "./schema-parts.ts";

/** A resource with a name, as far as the OpenAPI document of its five routes depends on it. */
export interface NamedResource {
  /** In the singular, such as "topic". */
  readonly noun: string;
  readonly plural: string;
  /** The group of the document that the routes are listed in. */
  readonly tag: string;
  /** The codes of a path with a name of wrong form, and of one that names something missing. */
  readonly pathErrors: readonly ErrorCode[];
  readonly params: TObject;
  readonly body: TObject;
  readonly view: TObject;
}

const conditions = Type.Object({
  "If-Match": Type.Optional(
    Type.String({
      description: "Only if the ETag is one of these, or with `*` if the resource exists; otherwise 412.",
      examples: ['"12-3"'],
    }),
  ),
  "If-None-Match": Type.Optional(
    Type.String({ description: "With `*`: only if the resource does not exist; otherwise 412.", examples: ["*"] }),
  ),
});
const etag = {
  ETag: {
    type: "string",
    description: "Changes with every change of the settings or the state.",
    examples: ['"12-3"'],
  },
};

/** The parts of a route that honours If-Match and If-None-Match, and answers with the resource. */
export function conditionalRoute(params: TObject, view: TSchema, ...errors: readonly ErrorCode[]) {
  return {
    params,
    headers: conditions,
    response: {
      200: { ...view, headers: etag },
      ...problemResponses("precondition_failed", ...errors, ...writeErrors),
    },
  };
}

interface RouteTexts {
  readonly summary?: string;
  readonly description?: string;
}

export function putRoute(resource: NamedResource, errors: readonly ErrorCode[], texts: RouteTexts = {}) {
  const { noun, tag, params, body, view } = resource;
  return {
    schema: {
      tags: [tag],
      operationId: `put${idOf(noun)}`,
      summary: `Create ${withArticle(noun)}, or replace all its settings`,
      description: "The body holds all settings: one that is left out gets its default.",
      ...texts,
      params,
      headers: conditions,
      body,
      response: {
        200: { ...view, description: `The ${noun} existed, and is now as the body says.`, headers: etag },
        201: { ...view, description: `The ${noun} was created.`, headers: etag },
        ...problemResponses("invalid_name", "precondition_failed", ...errors, ...bodyErrors, ...writeErrors),
      },
    },
  };
}

export function patchRoute(resource: NamedResource, patch: TObject, errors: readonly ErrorCode[]) {
  const { noun, tag, params, view, pathErrors } = resource;
  const content = { schema: patch };
  return {
    schema: {
      tags: [tag],
      operationId: `patch${idOf(noun)}`,
      summary: `Change some settings of ${withArticle(noun)}`,
      description:
        "The body is a JSON merge patch (RFC 7396): a setting that is left out stays as it is, an object is changed member by " +
        "member, a list is replaced, and null sets the default again. The result must be a body that PUT accepts.",
      ...conditionalRoute(params, view, ...pathErrors, ...errors, ...bodyErrors),
      body: { content: { "application/merge-patch+json": content, "application/json": content } },
    },
  };
}

export function getRoute({ noun, tag, params, pathErrors }: NamedResource, view: TObject, summary?: string) {
  return {
    schema: {
      tags: [tag],
      operationId: `get${idOf(noun)}`,
      summary: summary ?? `Get ${withArticle(noun)}`,
      params,
      response: { 200: { ...view, headers: etag }, ...problemResponses(...pathErrors) },
    },
  };
}

export function deleteRoute({ noun, tag, params, pathErrors }: NamedResource, summary: string, description?: string) {
  return {
    schema: {
      tags: [tag],
      operationId: `delete${idOf(noun)}`,
      summary,
      ...(description === undefined ? {} : { description }),
      params,
      headers: conditions,
      response: {
        204: { type: "null", description: `The ${noun} is deleted.` },
        ...problemResponses("precondition_failed", ...pathErrors, ...writeErrors),
      },
    },
  };
}

export interface ListOptions {
  readonly summary?: string;
  /** Of the path, if it has any. */
  readonly params?: TObject;
  readonly errors?: readonly ErrorCode[];
}

export function listRoute(resource: NamedResource, querystring: TObject, options: ListOptions = {}) {
  const { plural, tag, view } = resource;
  const { summary = `List ${plural} by name`, params, errors = [] } = options;
  return {
    schema: {
      tags: [tag],
      operationId: `list${idOf(plural)}`,
      summary,
      ...(params === undefined ? {} : { params }),
      querystring,
      response: { 200: pageOf(view, `A page of ${plural}.`), ...problemResponses("invalid_cursor", ...errors) },
    },
  };
}

/** "api key" is "ApiKey". */
function idOf(words: string): string {
  return words.replaceAll(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
