import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Verb } from "./resource.ts";
import { resources } from "./resource-table.ts";

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>>;
}

interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const { paths, components } = JSON.parse(
  readFileSync(new URL("../../../../../docs/reference/openapi.json", import.meta.url), "utf8"),
) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

const verbs = resources.flatMap(({ name, verbs: own }) => own.map((verb) => ({ title: `${name} ${verb.name}`, verb })));

/** Method and path as the document writes them. */
function operationOf(route: string): Operation | undefined {
  const [method = "", path = ""] = route.split("?", 1)[0]?.split(" ") ?? [];
  return paths[path]?.[method.toLowerCase()];
}

const operationsOf = ({ routes }: Verb) => routes.map(operationOf);

/** The schema of a member, such as `push.url`. */
function memberOf(schema: Schema | undefined, path: readonly string[]): Schema | undefined {
  if (schema?.$ref !== undefined) return memberOf(components.schemas[schema.$ref.split("/").at(-1) ?? ""], path);
  const [first, ...rest] = path;
  if (schema?.anyOf !== undefined) {
    return schema.anyOf.map((one) => memberOf(one, path)).find((one) => one !== undefined);
  }
  return first === undefined ? schema : memberOf(schema?.properties?.[first], rest);
}

/** Routes for which there are other commands, that a browser opens, or that no person calls. */
const elsewhere = [
  "GET /v1/event-types.html",
  "POST /v1/topics/{topic}/messages",
  "POST /v1/topics/{topic}/messages/batch",
  "POST /v1/topics/{topic}/subscriptions/{subscription}/pull",
  "POST /v1/keys/rotate-master",
  "GET /v1/events",
  // For web pages only.
  "GET /v1/session",
  "POST /v1/session",
  "DELETE /v1/session",
  "GET /v1/portal-links/{id}/branding",
];

describe("the table of resources", () => {
  it.each(verbs)("$title calls a route of the API, and gives it only parameters that it has", ({ verb }) => {
    const operations = operationsOf(verb);
    expect(operations).not.toContain(undefined);
    const known = new Set(operations.flatMap((one) => one?.parameters ?? []).map(({ name }) => name));
    expect((verb.query ?? []).map(({ to }) => to).filter((name) => !known.has(name))).toEqual([]);
    expect(verb.body === undefined || operations.some((one) => one?.requestBody !== undefined)).toBe(true);
  });

  it("has an option for every parameter of a list", () => {
    const missing = verbs.flatMap(({ title, verb }) => {
      const options = new Set([
        "limit",
        "after",
        "counts",
        "topic",
        "subscription",
        ...(verb.query ?? []).map(({ to }) => to),
      ]);
      const parameters = operationsOf(verb).flatMap((one) => one?.parameters ?? []);
      return parameters.flatMap(({ in: where, name }) =>
        where === "query" && !options.has(name) ? [`${title}: ${name}`] : [],
      );
    });
    expect(missing).toEqual([]);
  });

  const lists = resources.filter(({ verbs: own }) => own.some(({ isList }) => isList === true));

  it.each(lists)("$name shows members that the items of its lists have", ({ id, columns, verbs: own }) => {
    for (const operation of own.filter(({ isList }) => isList === true).flatMap(operationsOf)) {
      const items = memberOf(operation?.responses["200"]?.content?.["application/json"]?.schema, ["items"])?.items;
      const isMember = (path: string) => memberOf(items, path.split(".")) !== undefined;
      expect([id, ...columns.flatMap(({ paths: some }) => (some.some(isMember) ? [] : some))]).toEqual([id]);
      expect(isMember(id)).toBe(true);
    }
  });

  it("has a verb for every route of the API", () => {
    const called = new Set(verbs.flatMap(({ verb }) => verb.routes.map((route) => route.split("?", 1)[0] ?? "")));
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const missing = routes.filter(
      (route) => route.includes(" /v1/") && !route.includes("/v1/api-keys") && !called.has(route),
    );
    expect(missing.toSorted()).toEqual(elsewhere.toSorted());
  });
});
