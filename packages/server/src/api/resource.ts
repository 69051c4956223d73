import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AccessNeed } from "../domain/access-rules.ts";
import type { RingbackError } from "../domain/errors.ts";
import { KeyedMutex } from "../domain/keyed-mutex.ts";
import { jsonBody, mergePatchJson, optionalJson } from "../http/json-body.ts";
import type { Revision, WriteCondition } from "../domain/write-condition.ts";
import { entityTag, writeConditionally } from "../http/preconditions.ts";
import { labelOf } from "../shapes/labels.ts";
import { pageOfList } from "../shapes/page-cursor.ts";
import { queryReader } from "../shapes/query.ts";
import {
  deleteRoute,
  getRoute,
  labelledListQuery,
  listRoute,
  patchRoute,
  putRoute,
} from "../shapes/resource-routes.ts";
import type { NamedResource } from "../shapes/resource-routes.ts";
import type { SettingsShape } from "../shapes/settings.ts";
import type { Label } from "../store/label.ts";
import type { Page, PageRequest } from "../store/page.ts";
import { accountIdOf } from "./access-gate.ts";
import { noteWrite } from "./audit-gate.ts";

/** The resource to which a path leads. The resource need not exist. */
export interface Target<N extends string, R, S> {
  get(): Promise<R | null>;
  /** The result has the resource under its noun, such as `topic`. */
  put(
    settings: S,
    condition: WriteCondition | undefined,
    request: FastifyRequest,
  ): Promise<Readonly<Record<N, R>> & Written>;
  /** Returns false if another request has deleted the resource in the meantime. */
  delete(condition: WriteCondition | undefined, request: FastifyRequest): Promise<boolean>;
}

interface Written {
  readonly created: boolean;
  /** Members that only this response has, such as a secret that the server has generated. */
  readonly shown?: object | null;
}

/** A kind of resource that callers create under a name. `N`: its noun. `P`: the parameters of the path. */
export interface Resource<N extends string, P, R extends Revision, S> extends NamedResource {
  readonly noun: N;
  readonly path: string;
  readonly shape: Pick<SettingsShape<S>, "body" | "read"> & Partial<SettingsShape<S>>;
  readonly isBodyOptional: boolean;
  /** Throws `invalid_name`. */
  readonly assertName: (path: P) => void;
  /** Throws if the parent does not exist. */
  readonly at: (path: P, request: FastifyRequest) => Target<N, R, S> | Promise<Target<N, R, S>>;
  readonly notFound: (path: P) => RingbackError;
  /** Converts the settings to the PUT body that would set them. A PATCH changes this body. */
  readonly bodyOf?: (resource: R) => object;
  readonly viewOf: (resource: R) => object;
  /** The response to a GET. Needed only if this response contains more than `viewOf`. */
  readonly wholeViewOf?: (resource: R, request: FastifyRequest) => Promise<object>;
  /** The view in the record of a change. Needed only if `viewOf` contains secrets. */
  readonly recordedViewOf?: (resource: R) => object;
  /** Called after each change. */
  readonly notify?: (path: P, change: "changed" | "deleted", request: FastifyRequest) => void;
  /** The access that requests need which change the resource or read it. Default: `admin` and `read`. */
  readonly access?: { readonly change: AccessNeed; readonly see: AccessNeed };
}

/** The default of `Resource.access`. */
const accessDefault = { change: "admin", see: "read" } as const;

/** Adds PUT, PATCH, GET and DELETE of a resource. PATCH is omitted if the shape of the resource has no patch. */
export function resourceRoutes<N extends string, P, R extends Revision, S>(
  app: FastifyInstance,
  resource: Resource<N, P, R, S>,
): void {
  const { path, noun, shape, at, notify, bodyOf, access = accessDefault } = resource;
  const [change, see] = [{ access: access.change }, { access: access.see }];
  const writing = { ...change, isBodyOptional: resource.isBodyOptional };
  const named = ({ params }: FastifyRequest): P => {
    // Fastify cannot derive the type of the parameters from the type parameter `P`.
    resource.assertName(params as P);
    return params as P;
  };
  const found = (name: P, one: R | null): R => {
    if (one === null) throw resource.notFound(name);
    return one;
  };
  const send = (reply: FastifyReply, { [noun]: one, shown = null }: Readonly<Record<N, R>> & Written): FastifyReply =>
    sendTagged(reply, one, resource.viewOf(one), shown);

  const { recordedViewOf = resource.viewOf } = resource;
  const replace = resourceWriter(resource);
  const existing = (name: P) => async (target: Target<N, R, S>) => found(name, await target.get());
  const changed = <T extends Readonly<Record<N, R>>>(
    request: FastifyRequest,
    name: P,
    before: R | null,
    result: T,
  ): T => {
    noteWrite<R>(request, before, result[noun], recordedViewOf);
    notify?.(name, "changed", request);
    return result;
  };

  app.put(path, { schema: putRoute(resource, shape.body), config: writing }, async (request, reply) => {
    const name = named(request);
    const settings = shape.read(resource.isBodyOptional ? optionalJson(request) : jsonBody(request));
    const put = (target: Target<N, R, S>, _old: R | null, old?: WriteCondition) => target.put(settings, old, request);
    const { before, result } = await replace(request, name, (target) => target.get(), put);
    return send(reply.code(result.created ? 201 : 200), changed(request, name, before, result));
  });

  const { patch, readPatch, patched } = shape;
  if (patch !== undefined && readPatch !== undefined && patched !== undefined && bodyOf !== undefined) {
    app.patch(path, { schema: patchRoute(resource, patch), config: change }, async (request, reply) => {
      const name = named(request);
      const changes = readPatch(mergePatchJson(request));
      const put = (target: Target<N, R, S>, before: R) => target.put(patched(bodyOf(before), changes), before, request);
      const { before, result } = await replace(request, name, existing(name), put);
      return send(reply, changed(request, name, before, result));
    });
  }

  app.get(path, { schema: getRoute(resource), config: see }, async (request, reply) => {
    const name = named(request);
    const one = found(name, await (await at(name, request)).get());
    const view = resource.wholeViewOf === undefined ? resource.viewOf(one) : await resource.wholeViewOf(one, request);
    return sendTagged(reply, one, view);
  });

  app.delete(path, { schema: deleteRoute(resource), config: change }, async (request, reply) => {
    const name = named(request);
    const remove = (target: Target<N, R, S>, _before: R, condition?: WriteCondition) =>
      target.delete(condition, request);
    const { before, result: didDelete } = await replace(request, name, existing(name), remove);
    if (!didDelete) throw resource.notFound(name);
    noteWrite(request, before, null, recordedViewOf);
    notify?.(name, "deleted", request);
    return reply.code(204).send();
  });
}

/**
 * Returns a function that finds a resource and writes it under the conditions of the request. Writes of one resource
 * run one at a time. Concurrent patches would otherwise conflict with each other and start again many times, and
 * `before` is what the write has replaced.
 */
function resourceWriter<N extends string, P, R extends Revision, S>({ at }: Resource<N, P, R, S>) {
  const mutex = new KeyedMutex();
  return <B extends R | null, T>(
    request: FastifyRequest,
    name: P,
    find: (target: Target<N, R, S>) => Promise<B>,
    write: (target: Target<N, R, S>, before: B, condition?: WriteCondition) => Promise<T>,
  ): Promise<{ readonly before: B; readonly result: T }> =>
    mutex.run(`${accountIdOf(request)} ${JSON.stringify(name)}`, async () => {
      const target = await at(name, request);
      return writeConditionally(
        request,
        () => find(target),
        async (before, condition) => ({ before, result: await write(target, before, condition) }),
      );
    });
}

/** Adds the GET route that lists the resources of one kind. `?label=` narrows the list. */
export function labelledListRoute<R>(
  app: FastifyInstance,
  resource: NamedResource & { readonly viewOf: (resource: R) => object },
  list: (request: FastifyRequest, page: PageRequest, label?: Label) => Promise<Page<R>>,
  config: FastifyContextConfig = { access: accessDefault.see },
): void {
  const { plural } = resource;
  const readQuery = queryReader(labelledListQuery);
  app.get(
    `/v1/${plural.replace(" ", "-")}`,
    { schema: listRoute(resource, labelledListQuery), config },
    async (request) => {
      const { label, ...query } = readQuery(request);
      const read = (page: PageRequest) => list(request, page, labelOf(label));
      return pageOfList(`${plural} ${label ?? ""}`, query, read, resource.viewOf);
    },
  );
}

/** `shown`: members that only this response has, and that no cache may keep. */
export function sendTagged(
  reply: FastifyReply,
  resource: Revision,
  view: object,
  shown: object | null = null,
): FastifyReply {
  if (shown !== null) reply.header("cache-control", "no-store");
  return reply.header("etag", entityTag(resource)).send({ ...view, ...shown });
}
