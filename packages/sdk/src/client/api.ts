import type { FilterKeys, HttpMethod, OkStatus, PathsWithMethod } from "openapi-typescript-helpers";
import type { FetchOptions } from "openapi-fetch";
import type { components, paths } from "./generated/openapi.ts";

/** The types of the REST API that the client names. */

export type Problem = components["schemas"]["Problem"];
export type ErrorCode = Problem["code"];

export type MessageInput = components["schemas"]["MessageInput"];
export type PublishedMessage = components["schemas"]["PublishedMessage"];
export type PulledMessage = components["schemas"]["PulledMessage"];

export type ApiMethod = "get" | "put" | "post" | "patch" | "delete";
export type ApiPath<M extends HttpMethod> = PathsWithMethod<paths, M>;

/** Parameters and body of a request, and the options of `fetch`. */
export type ApiInit<M extends HttpMethod, P extends ApiPath<M>> = FetchOptions<FilterKeys<paths[P], M>>;

type Content<T> = T extends { readonly content: infer C } ? C[keyof C] : undefined;
type OkContent<T> = T extends { readonly responses: infer R } ? { [S in keyof R & OkStatus]: Content<R[S]> } : never;

/** The answer to a request that succeeded; undefined: the answer has no body. */
export type ApiData<M extends HttpMethod, P extends ApiPath<M>> =
  OkContent<FilterKeys<paths[P], M>> extends infer C ? C[keyof C] : never;

type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T];

/** Sends a request. Throws `RingbackApiError` for an answer that is an error. */
export type ApiCall<M extends HttpMethod> = <P extends ApiPath<M>>(
  path: P,
  ...init: RequiredKeys<ApiInit<M, P>> extends never ? [init?: ApiInit<M, P>] : [init: ApiInit<M, P>]
) => Promise<ApiData<M, P>>;

export type { components, operations, paths } from "./generated/openapi.ts";
