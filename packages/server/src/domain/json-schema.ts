/** A JSON Schema that is an object. Its members were not checked yet. */
export type JsonSchema = Readonly<Record<string, unknown>>;
