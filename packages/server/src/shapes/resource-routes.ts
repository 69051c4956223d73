import { Type, type TObject, type TSchema } from "typebox";
import type { ErrorCode } from "../domain/errors.ts";
import { labelParameter } from "./labels.ts";
import { pageParameters } from "./query.ts";
import { about, bodyErrors, closedObject, operation, pageOf, problemResponses, writeErrors } from "./schema-parts.ts";

interface RouteTexts {
  readonly summary?: string;
  readonly description?: string;
}

/** The properties of a kind of resource on which the OpenAPI document of its routes depends. */
export interface NamedResource {
  /** In the singular, such as "topic". */
  readonly noun: string;
  /** The noun in the plural, and the group of the OpenAPI document in which the routes are listed. */
  readonly plural: string;
  /** Error codes for a path with an invalid name, or for a path to a resource that does not exist. */
  readonly pathErrors: readonly ErrorCode[];
  /** Error codes that only a PUT can have. */
  readonly putErrors: readonly ErrorCode[];
  /** Error codes for invalid settings. */
  readonly settingErrors: readonly ErrorCode[];
  readonly params: TObject;
  readonly view: TObject;
  /** The schema of the response to a GET. Needed only if this response contains more than `view`. */
  readonly wholeView?: TObject;
  /** Parameters of the query of a PUT. */
  readonly putQuery?: TObject;
  /** Parameters of the query of a DELETE. */
  readonly deleteQuery?: TObject;
  /** Error codes that only a DELETE can have. */
  readonly deleteErrors?: readonly ErrorCode[];
  /** Texts for single routes that replace the generated texts. */
  readonly texts: { readonly put?: RouteTexts; readonly get?: RouteTexts; readonly delete: RouteTexts };
}

const conditions = Type.Object({
  "If-Match": about(
    "Only if the ETag is one of these, or with `*` if the resource exists; otherwise 412.",
    Type.Optional(Type.String({ examples: ['"12-3"'] })),
  ),
  "If-None-Match": about(
    "With `*`: only if the resource does not exist; otherwise 412.",
    Type.Optional(Type.String({ examples: ["*"] })),
  ),
});
const etag = {
  ETag: {
    type: "string",
    description: "Changes with every change of the settings or the state.",
    examples: ['"12-3"'],
  },
};

/** The schema parts of a route that supports If-Match and If-None-Match and returns the resource. */
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

export function putRoute(resource: NamedResource, body: TObject) {
  const { noun, plural, params, view, putQuery, putErrors, settingErrors, texts } = resource;
  const errors = [...putErrors, ...settingErrors, ...bodyErrors, ...writeErrors];
  return {
    ...operation(plural, `put${idOf(noun)}`, `Create ${withArticle(noun)}, or replace all its settings`),
    description: "The body holds all settings: one that is left out gets its default.",
    ...texts.put,
    params,
    ...(putQuery !== undefined && { querystring: putQuery }),
    headers: conditions,
    body,
    response: {
      200: { ...view, description: `The ${noun} existed, and is now as the body says.`, headers: etag },
      201: { ...view, description: `The ${noun} was created.`, headers: etag },
      ...problemResponses("invalid_name", "precondition_failed", ...errors),
    },
  };
}

export function patchRoute(resource: NamedResource, patch: TObject) {
  const { noun, plural, params, view, pathErrors, settingErrors } = resource;
  const content = { schema: patch };
  return {
    ...operation(plural, `patch${idOf(noun)}`, `Change some settings of ${withArticle(noun)}`),
    description:
      "The body is a JSON merge patch (RFC 7396): a setting that is left out stays as it is, an object is changed member by " +
      "member, a list is replaced, and null sets the default again. The result must be a body that PUT accepts.",
    ...conditionalRoute(params, view, ...pathErrors, ...settingErrors, ...bodyErrors),
    body: { content: { "application/merge-patch+json": content, "application/json": content } },
  };
}

export function getRoute({ noun, plural, params, pathErrors, view, wholeView, texts }: NamedResource) {
  return {
    ...operation(plural, `get${idOf(noun)}`, `Get ${withArticle(noun)}`),
    ...texts.get,
    params,
    response: { 200: { ...(wholeView ?? view), headers: etag }, ...problemResponses(...pathErrors) },
  };
}

export function deleteRoute({
  noun,
  plural,
  params,
  pathErrors,
  texts,
  deleteQuery,
  deleteErrors = [],
}: NamedResource) {
  return {
    tags: [plural],
    operationId: `delete${idOf(noun)}`,
    ...texts.delete,
    params,
    ...(deleteQuery !== undefined && { querystring: deleteQuery }),
    headers: conditions,
    response: {
      204: { type: "null", description: `The ${noun} is deleted.` },
      ...problemResponses("precondition_failed", ...pathErrors, ...deleteErrors, ...writeErrors),
    },
  };
}

export const listQuery = closedObject(pageParameters);
export const labelledListQuery = closedObject({ ...pageParameters, label: labelParameter });

export function listRoute({ plural, view }: NamedResource, querystring: TObject, errors: readonly ErrorCode[] = []) {
  return {
    ...operation(plural, `list${idOf(plural)}`, `List ${plural}, sorted by name`),
    querystring,
    response: { 200: pageOf(view, `A page of ${plural}.`), ...problemResponses("invalid_cursor", ...errors) },
  };
}

function idOf(word: string): string {
  return word.replace(/(?:^|[ -])(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function withArticle(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
