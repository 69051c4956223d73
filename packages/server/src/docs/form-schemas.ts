/** Schemas of the settings that the dashboard's forms are made from: those of every resource that is created. */

interface Operation {
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: object }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Returns the text of a JSON file: each shape by its name, with the shapes to which it refers. */
export function formSchemas(openapi: string): string {
  const { paths, components } = JSON.parse(openapi) as OpenApi;
  const bodies = [
    ...Object.values(paths).map(({ put }) => put),
    // API keys have no names of their own, so that they are created with POST.
    paths["/v1/api-keys"]?.["post"],
  ].flatMap((operation) => referencesOf(operation?.requestBody ?? {}));
  const found = new Map<string, object>();
  const add = (name: string): void => {
    const schema = components.schemas[name];
    if (schema === undefined || found.has(name)) return;
    found.set(name, schema);
    for (const reference of referencesOf(schema)) add(reference);
  };
  for (const name of bodies) add(name);
  return `${JSON.stringify(Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`;
}

/** Names of the components to which a part of the document refers directly. */
function referencesOf(part: object): readonly string[] {
  const references = JSON.stringify(part).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
  return [...references].map(([, name = ""]) => name);
}
