import type { FastifyInstance, FastifyRequest, RouteOptions } from "fastify";
import type { Revision } from "../domain/write-condition.ts";
import { actorOf } from "../engine/audit/audit.ts";
import { clientAddressOf } from "../http/trusted-proxies.ts";
import { callerOf } from "./access-gate.ts";
import type { ApiParts } from "./api-parts.ts";

/** The part of a record that only the route knows. */
interface NotedChange {
  readonly before?: object | null;
  readonly after?: object | null;
  /** Default: the path of the request, without `/v1/` and without a verb such as `pause`. */
  readonly target?: string;
  /** False: the request has changed nothing, so it is not recorded. */
  readonly isChange?: boolean;
}

const noted = new WeakMap<FastifyRequest, NotedChange>();

/** Adds details to the record of the change that the request makes. */
export function noteChange(request: FastifyRequest, change: NotedChange): void {
  noted.set(request, change);
}

/** Notes a write of a resource. null: the resource does not exist. */
export function noteWrite<R extends Revision>(
  request: FastifyRequest,
  before: R | null,
  after: R | null,
  view: (resource: R) => object,
): void {
  const isChange = before?.id !== after?.id || before?.version !== after?.version;
  noteChange(request, { before: before && view(before), after: after && view(after), isChange });
}

/**
 * Records every successful request to a route that only administrators or operators may use, except GET. The record is
 * written before the response is sent. Must be called before routes are added.
 */
export function recordChanges(app: FastifyInstance, { audit, accounts }: Pick<ApiParts, "audit" | "accounts">): void {
  app.addHook("onRoute", (route) => {
    if (!isRecorded(route)) return;
    const { url, method, config, schema } = route;
    const action = schema?.operationId;
    if (action === undefined) throw new Error(`the route ${String(method)} ${url} has no operationId to record`);
    const isOfOperators = config?.access === "operator";
    route.onSend = async (request, reply, payload) => {
      const { isChange = true, before = null, after = null, target } = noted.get(request) ?? {};
      if (reply.statusCode >= 400 || !isChange) return payload;
      const caller = callerOf(request);
      // Changes that belong to no account, such as those of accounts, are recorded in the operators' account.
      await audit.record(isOfOperators ? accounts.default.id : caller.account.id, {
        who: actorOf(caller),
        source: clientAddressOf(request),
        requestId: request.id,
        action,
        target: target ?? targetOf(route, request),
        before,
        after,
      });
      return payload;
    };
  });
}

function isRecorded({ method, config }: Pick<RouteOptions, "method" | "config">): boolean {
  const isWrite = [method].flat().some((name) => name !== "GET" && name !== "HEAD");
  return isWrite && (config?.access === "admin" || config?.access === "operator");
}

function targetOf({ url, method }: Pick<RouteOptions, "url" | "method">, { params }: FastifyRequest): string {
  const parts = url.split("/").slice(2);
  if (method === "POST" && parts.length > 1) parts.pop();
  return parts
    .map((part) => (part.startsWith(":") ? String((params as Record<string, unknown>)[part.slice(1)]) : part))
    .join("/");
}
