import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { operation, problemSchema } from "../shapes/schema-parts.ts";

/** Routes whose body may be omitted. A missing body means the same as an empty object. */
const bodiless = [
  ["/v1/topics/{topic}", "put"],
  ["/v1/inboxes/{inbox}", "put"],
  ["/v1/topics/{topic}/subscriptions/{subscription}/pull", "post"],
] as const;

/** Collects the schemas of the routes for the OpenAPI document. Must be called before the routes are added. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  app.addSchema(problemSchema);
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
      tags: [
        { name: "topics", description: "Logs that messages are published to." },
        { name: "subscriptions", description: "Where and how the messages of a topic are delivered." },
        { name: "pulling", description: "Pulling messages from a subscription, and acknowledging them." },
        { name: "messages", description: "Publishing messages, and looking at their deliveries." },
        { name: "attempts", description: "The record of every POST of a message." },
        { name: "dead letters", description: "Deliveries that were given up." },
        { name: "inboxes", description: "Buffers: a message that is POSTed to one is kept until a GET takes it." },
        { name: "hooks", description: "Programs that are called at once, and whose replies decide the outcome." },
        { name: "keys", description: "Keys that protocols sign and encrypt with." },
        { name: "api keys", description: "Keys that programs sign their requests with." },
        { name: "events", description: "What is happening now, as a stream." },
        { name: "compatibility", description: "The APIs of other systems, for programs that are written for them." },
        { name: "operations", description: "Routes for orchestrators and for monitoring." },
      ],
    },
    convertConstToEnum: false,
    transformObject: (given) => {
      if (!("openapiObject" in given)) throw new Error("only OpenAPI 3 is made here");
      // The plugin marks every body as required.
      for (const [path, method] of bodiless) {
        const body = given.openapiObject.paths?.[path]?.[method]?.requestBody;
        if (body !== undefined && "content" in body) body.required = false;
      }
      return given.openapiObject;
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, i) =>
        typeof json["$id"] === "string" ? json["$id"] : `def-${i}`,
    },
  });
}

export function openapiRoute(app: FastifyInstance): void {
  let text: string | null = null;
  app.get(
    "/openapi.json",
    {
      schema: {
        ...operation("operations", "getOpenapi", "This document"),
        response: { 200: { description: "OpenAPI 3.1.", type: "object" } },
      },
      config: { access: "public" },
    },
    (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  );
}
