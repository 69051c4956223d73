import { capital, SchemaNames, withTypedEnums, type Json } from "./named-schemas.ts";

interface Operation extends Json {
  readonly operationId: string;
  readonly requestBody?: Json & { readonly content: Content };
  readonly responses: Readonly<Record<string, Json & { readonly content?: Content }>>;
}

/** As generators of clients know it. */
const bytes = { type: "string", format: "binary" };

type Content = Readonly<Record<string, { readonly schema?: Json }>>;

/** Returns the document with a named component for each shape of its requests and responses. */
export function withNamedSchemas(document: object): object {
  const { paths, components, ...others } = withTypedEnums(document) as {
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    components: { readonly schemas?: Readonly<Record<string, Json>> };
  };
  const names = new SchemaNames();
  for (const [name, schema] of Object.entries(components.schemas ?? {})) names.named({ ...schema, title: name }, name);
  const named = mapValues(paths, (operations) =>
    mapValues(operations, (operation) => namedOperation(operation, names)),
  );
  return {
    ...others,
    paths: named,
    components: { ...components, schemas: names.components },
  };
}

function namedOperation({ requestBody, responses, ...operation }: Operation, names: SchemaNames): object {
  const name = capital(operation.operationId);
  return {
    ...operation,
    ...(requestBody !== undefined && {
      requestBody: { ...requestBody, content: namedContent(knownTypes(requestBody.content), `${name}Body`, names) },
    }),
    responses: mapValues(responses, ({ content, ...response }) => ({
      ...response,
      ...(content !== undefined && { content: namedContent(content, `${name}Result`, names) }),
    })),
  };
}

// Generators of clients leave out a route that takes any type. The descriptions say that any type is accepted.
function knownTypes(content: Content): Content {
  return Object.fromEntries(
    Object.entries(content).map(([type, media]) => [type === "*/*" ? "application/octet-stream" : type, media]),
  );
}

function namedContent(content: Content, name: string, names: SchemaNames): object {
  return mapValues(content, ({ schema, ...media }) => ({
    ...(schema !== undefined && { schema: schema["contentMediaType"] === "*/*" ? bytes : names.named(schema, name) }),
    ...media,
  }));
}

function mapValues<T, U>(values: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
