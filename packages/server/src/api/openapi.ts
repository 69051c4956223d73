import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { problemSchema } from "../shapes/schema-parts.ts";

/** What can be asked for without a body, which means the same as one without members. */
const bodiless = [
  ["/v1/topics/{topic}", "put"],
  ["/v1/inboxes/{inbox}", "put"],
  ["/v1/topics/{topic}/subscriptions/{subscription}/pull", "post"],
] as const;

/** The document is made of the routes' own schemas. Register before the routes: it learns them as they come. */
export async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  app.addSchema(problemSchema);
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Ringback",
        version,
        description:
          "Publish to a topic, and every subscription's URL gets the POST. Failures are `application/problem+json` with a " +
          "stable `code`; docs/reference/errors.md lists them all.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" } as { name: string },
      },
      tags: [
        { name: "topics", description: "Logs that messages are published to." },
        { name: "subscriptions", description: "Who gets a topic's messages, where and how." },
        { name: "pulling", description: "Taking messages from a subscription, and answering for them." },
        { name: "messages", description: "Publishing, and what became of it." },
        { name: "attempts", description: "The record of every POST." },
        { name: "dead letters", description: "Deliveries that were given up." },
        { name: "inboxes", description: "Buffers: what is POSTed to one is kept until a GET takes it." },
        { name: "hooks", description: "Programs that are asked now, and whose answer means something." },
        { name: "keys", description: "What dialects sign and encrypt with." },
        { name: "api keys", description: "What programs sign their requests with." },
        { name: "events", description: "What is happening now." },
        { name: "compatibility", description: "Other systems' APIs, as their programs know them." },
        { name: "operations", description: "For orchestrators and monitoring." },
      ],
    },
    convertConstToEnum: false,
    transformObject: (given) => {
      if (!("openapiObject" in given)) throw new Error("only OpenAPI 3 is made here");
      // The plugin calls every body required.
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
        tags: ["operations"],
        operationId: "getOpenapi",
        summary: "This document",
        response: { 200: { description: "OpenAPI 3.1.", type: "object" } },
      },
    },
    (_request, reply) => {
      text ??= JSON.stringify(app.swagger());
      return reply.header("content-type", "application/json; charset=utf-8").send(text);
    },
  );
}
