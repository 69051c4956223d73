/** An operation of the server, with the parameters in its path filled in. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  /** Whether the operation has a body. */
  readonly hasBody: boolean;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly requestBody?: unknown }>>>>;
}

/** Operations that answer only after the client has gone, or that stop something that the scenario needs. */
const excluded = new Set(["GET /v1/events", "DELETE /v1/topics/{topic}"]);

/** Returns every operation of the OpenAPI document. `names` has a value for each parameter of a path. */
export async function operationsOf(origin: string, names: Readonly<Record<string, string>>): Promise<Operation[]> {
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as OpenApi;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([name, { requestBody }]) => {
      const method = name.toUpperCase();
      if (excluded.has(`${method} ${path}`)) return [];
      const filled = path.replace(/\{(\w+)\}/g, (_, parameter: string) => names[parameter] ?? "1");
      return [{ method, path: filled, hasBody: requestBody !== undefined }];
    }),
  );
}
