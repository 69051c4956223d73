import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import type { AccessNeed } from "../domain/access-rules.ts";
import { errorTable } from "../domain/errors.ts";
import { withNamedSchemas } from "./openapi-names.ts";
import { operation, problemResponses, problemSchema } from "../shapes/schema-parts.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** True: the body may be omitted. A missing body means the same as an empty object, unless the route says more. */
    isBodyOptional?: boolean;
  }
}

/** Collects the schemas of the routes for the OpenAPI document. Must be called before the routes are added. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  app.addSchema(problemSchema);
  const bodiless = new Set<string>();
  app.addHook("onRoute", ({ url, method, config }) => {
    if (config?.isBodyOptional === true) bodiless.add(operationKey(method, url.replaceAll(/:(\w+)/g, "{$1}")));
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Ringback",
        version,
        description:
          "Publish a message to a topic, and the URL of every subscription gets a POST with it. An error is answered with " +
          "`application/problem+json` and a stable `code`; docs/reference/errors.md lists all codes. " +
          "If a JSON object has several members with one name, the last one counts.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" } as { name: string },
      },
      servers: [
        { url: "/", description: "The server that this document comes from." },
        { url: "http://127.0.0.1:8000", description: "A server of your own, as `ringback serve` starts it." },
      ],
      components: {
        securitySchemes: {
          apiKey: {
            type: "http",
            scheme: "bearer",
            description:
              "The token of an API key (`rbk_…`). Only a server on a loopback address for which no operator's key was made " +
              "accepts requests without one. An operator names the account in the header `Ringback-Account`.",
          },
        },
      },
      tags: [
        { name: "accounts", description: "Tenants. Each has topics, keys and everything else of its own." },
        { name: "topics", description: "Logs that messages are published to." },
        { name: "subscriptions", description: "Where and how the messages of a topic are delivered." },
        { name: "pulling", description: "Pulling messages from a subscription, and acknowledging them." },
        { name: "messages", description: "Publishing messages, and looking at their deliveries." },
        { name: "attempts", description: "The record of every POST of a message." },
        { name: "dead letters", description: "Deliveries that were given up." },
        { name: "inboxes", description: "Buffers: a message that is POSTed to one is kept until a GET takes it." },
        { name: "hooks", description: "Programs that are called at once, and whose replies decide the outcome." },
        { name: "event types", description: "The account's catalogue of message types, with schemas of their bodies." },
        { name: "keys", description: "Keys that protocols sign and encrypt with." },
        { name: "api keys", description: "Keys that programs sign their requests with." },
        { name: "session", description: "Who makes a request, and a browser's sign-in." },
        { name: "portal links", description: "Links to the page on which a customer looks after its own endpoints." },
        { name: "replays", description: "Sending what was published before once more." },
        { name: "audit", description: "The record of who changed what." },
        { name: "events", description: "What is happening now, as a stream." },
        { name: "statistics", description: "Counts, success, latencies and backlogs over time." },
        { name: "compatibility", description: "The APIs of other systems, for programs that are written for them." },
        { name: "operations", description: "Routes for orchestrators and for monitoring." },
      ],
    },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({ schema: withAccess(schema, route.config?.access), url }),
    transformObject: (given) => {
      if (!("openapiObject" in given)) throw new Error("only OpenAPI 3 is made here");
      markOptionalBodies(given.openapiObject.paths ?? {}, bodiless);
      return withNamedSchemas(given.openapiObject);
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, i) =>
        typeof json["$id"] === "string" ? json["$id"] : `def-${i}`,
    },
  });
}

type Paths = Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: { required: boolean } }>>>>;

/** The plugin marks every body as required. */
function markOptionalBodies(paths: object, bodiless: ReadonlySet<string>): void {
  for (const [path, operations] of Object.entries(paths as Paths)) {
    for (const [method, { requestBody }] of Object.entries(operations)) {
      if (requestBody !== undefined && bodiless.has(operationKey(method, path))) requestBody.required = false;
    }
  }
}

const operationKey = (method: string | readonly string[], path: string): string =>
  `${String(method)} ${path}`.toLowerCase();

/** Adds the role that a route needs, and the errors of requests without it. */
function withAccess(schema: FastifySchema, need: AccessNeed = "operator"): FastifySchema {
  if (schema.hide === true) return schema;
  if (need === "public") return { security: [], ...schema };
  const { response = {}, description } = schema as FastifySchema & { readonly response?: object };
  const needs = `Needs an API key with the role \`${need}\`, or one that includes it.`;
  return {
    ...schema,
    description: description === undefined ? needs : `${description}\n\n${needs}`,
    security: [{ apiKey: [] }],
    "x-ringback-role": need,
    response: { ...response, ...accessResponses(response) },
  } as FastifySchema;
}

/** Adds the codes to responses of the same status. */
function accessResponses(response: object): object {
  const added = problemResponses(...accessErrors);
  return Object.fromEntries(
    Object.entries(added).flatMap(([status, one]) => {
      const before = (response as Record<string, { readonly description?: string }>)[status];
      if (!accessStatuses.has(status)) return [];
      return [[status, before === undefined ? one : { ...before, description: joined(before, one) }]];
    }),
  );
}

const accessErrors = [
  "api_key_missing",
  "invalid_api_key",
  "forbidden",
  "account_not_found",
  "too_many_failures",
] as const;
const accessStatuses = new Set(accessErrors.map((code) => String(errorTable[code].status)));

function joined(...responses: readonly unknown[]): string {
  const codes = responses.flatMap((one) => (one as { readonly description: string }).description.split(", "));
  return [...new Set(codes)].join(", ");
}

export function openapiRoute(app: FastifyInstance): void {
  let text: string | null = null;
  app.get(
    "/openapi.json",
    {
      schema: {
        ...operation("operations", "getOpenapi", "This document"),
        response: { 200: { description: "OpenAPI 3.1.", type: "object" }, ...problemResponses() },
      },
      config: { access: "public" },
    },
    (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  );
}
