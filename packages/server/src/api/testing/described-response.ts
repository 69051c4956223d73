import type { FastifyInstance } from "fastify";
import { Compile } from "typebox/schema";
import { expect } from "vitest";

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

/** Fails unless the OpenAPI document describes this answer for the operation. */
export function expectDescribed(
  app: FastifyInstance,
  method: string,
  url: string,
  status: number,
  contentType: string | undefined,
  body: unknown,
): void {
  const document = app.swagger() as unknown as Document;
  const operation = findOperation(document, method, url.split("?", 1)[0] ?? "");
  if (operation === undefined) return;
  const response = operation.responses[status];
  expect(response, `${method} ${url} may answer ${status}`).toBeDefined();
  const schema = response?.content?.[contentType?.split(";", 1)[0] ?? ""]?.schema;
  if (schema === undefined) {
    expect(response?.content, `${method} ${url} ${status} has no body of type ${contentType}`).toBeUndefined();
    return;
  }
  const [valid, errors] = Compile({ allOf: [schema], components: document.components } as never).Errors(body);
  expect({ valid, errors }, `${method} ${url} ${status} is as described`).toEqual({ valid: true, errors: [] });
}

function findOperation(document: Document, method: string, path: string): Operation | undefined {
  const given = path.split("/");
  // Literal segments come before parameters, as in the router.
  const patterns = Object.keys(document.paths).sort((a, b) => a.split("{").length - b.split("{").length);
  for (const pattern of patterns) {
    const wanted = pattern.split("/");
    const fits = wanted.length === given.length && wanted.every((part, i) => part.startsWith("{") || part === given[i]);
    const operation = fits ? document.paths[pattern]?.[method.toLowerCase()] : undefined;
    if (operation !== undefined) return operation;
  }
  return undefined;
}
