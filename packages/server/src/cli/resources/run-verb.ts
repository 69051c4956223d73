import { readApiServer, type ApiServer } from "../../config/api-server.ts";
import { isRecord } from "../../config/record.ts";
import { send } from "../api-client.ts";
import { CommandError } from "../command-error.ts";
import { printableLine } from "../printable.ts";
import { fieldValue, keyOf } from "./fields.ts";
import { assign, misused, requestBody } from "./request-body.ts";
import { argumentsOf, type Field, type Method, type Route, type Verb } from "./resource.ts";
import { watch } from "./watch.ts";
import { write, type Call, type Result } from "./write-items.ts";

interface PreparedRequest {
  readonly method: Method;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Uint8Array | null;
}

const pageItems = 100;
/** The most items of a list of records that are shown, unless `--limit` or `--all` says otherwise. */
const recordsShown = 100;

export async function runVerb(call: Call): Promise<void> {
  const { verb, options, context } = call;
  const server = readApiServer(options, context);
  const request = await prepare(call);
  const read = verb.isList === true ? () => readList(server, request, call) : () => readOne(server, request, call);
  if (verb.isWatch === true || options.watch !== undefined) return watch(call, read);
  const { items, hasMore } = await read();
  write(call, items);
  if (hasMore) context.stderr.write("There are more; --all shows them.\n");
  const [view] = items;
  const failure = isRecord(view) ? (verb.failureOf?.(view) ?? null) : null;
  if (failure !== null) throw new CommandError(printableLine(failure));
}

async function readOne(server: ApiServer, request: PreparedRequest, { options }: Call): Promise<Result> {
  const answer = await ask(server, request, options.timeout);
  return { items: answer === null ? [] : [answer], hasMore: false };
}

/** Reads pages until there are enough items. The pages of a search may be empty although there are more. */
async function readList(server: ApiServer, request: PreparedRequest, call: Call): Promise<Result> {
  const { options, resource } = call;
  const few = resource.kind === "records" && options.all !== true;
  const max = options.limit ?? (few ? recordsShown : Infinity);
  const items: unknown[] = [];
  const query = new URLSearchParams(request.query);
  // The list of nodes has no pages.
  const isPaged = resource.name !== "nodes";
  for (;;) {
    if (isPaged) query.set("limit", String(Math.max(1, Math.min(pageItems, max - items.length))));
    const page = await ask(server, { ...request, query }, options.timeout);
    if (!isRecord(page) || !Array.isArray(page["items"])) {
      throw new CommandError("the server's response is not a list; is it a Ringback server?");
    }
    items.push(...(page["items"] as unknown[]));
    const { next } = page;
    if (typeof next !== "string") return { items, hasMore: false };
    if (items.length >= max) return { items: items.slice(0, max), hasMore: true };
    query.set("after", next);
  }
}

async function ask(
  server: ApiServer,
  { method, path, query, body }: PreparedRequest,
  timeoutMs: number,
): Promise<unknown> {
  const suffix = query.size === 0 ? "" : `${path.includes("?") ? "&" : "?"}${query.toString()}`;
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const headers: Record<string, string> = body === null ? {} : { "content-type": type };
  return send(server, { method, path: path + suffix, headers, timeoutMs, ...(body === null ? {} : { body }) });
}

async function prepare({ verb, args, options, context }: Call): Promise<PreparedRequest> {
  const nowMs = context.clock.wall();
  const given = (field: Field): unknown => fieldValue(field, options[keyOf(field)], nowMs);
  const query = new URLSearchParams();
  for (const field of verb.query ?? []) {
    const value = given(field);
    if (value !== undefined) query.append(field.to, typeof value === "string" ? value : JSON.stringify(value));
  }
  const assignments = [...(options.set ?? [])];
  for (const field of verb.fields ?? []) {
    const value = given(field);
    if (value !== undefined) assignments.push({ path: field.to.split("."), value });
  }
  const [method, path] = fill(routeFor(verb, args), args);
  let body = verb.body === undefined ? null : await requestBody(options.file, assignments, context);
  if (body === null && verb.body === "required") {
    // Topics, inboxes and accounts need no settings. The server says what is missing in the others.
    const empty: Record<string, unknown> = {};
    for (const assignment of assignments) assign(empty, assignment);
    body = Buffer.from(JSON.stringify(empty));
  }
  return { method, path, query, body };
}

/** Chooses the route that has as many arguments as were given. */
function routeFor({ routes, name }: Verb, args: readonly string[]): Route {
  const route = routes.find((one) => argumentsOf(one).length === args.length);
  if (route !== undefined) return route;
  const forms = routes.map(
    (one) =>
      argumentsOf(one)
        .map((argument) => `<${argument}>`)
        .join(" ") || "nothing",
  );
  throw misused(`${name} takes ${forms.join(", or ")}`);
}

function fill(route: Route, args: readonly string[]): [Method, string] {
  const [method = "GET", path = ""] = route.split(" ", 2);
  let index = 0;
  const filled = path.replaceAll(/\{\w+\}/g, () => {
    const value = args[index++] ?? "";
    // A URL drops path segments of dots, so such a request would go to another resource.
    if (value === "" || value === "." || value === "..") throw misused(`${JSON.stringify(value)} is not a name`);
    return encodeURIComponent(value);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table has no other methods
  return [method as Method, filled];
}
