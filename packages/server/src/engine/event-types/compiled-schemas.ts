import { eventTypeLimits } from "../../domain/event-type-limits.ts";
import type { JsonSchema } from "../../domain/json-schema.ts";
import { type CheckBody, type CompiledSchema, compileSchema } from "./schema-compiler.ts";

/**
 * The compiled schemas that were used last, over all accounts. A changed event type has another schema object, so that
 * an old version is never used.
 */
export class CompiledSchemas {
  /** In the order of their last use. */
  readonly #compiled = new Map<JsonSchema, CompiledSchema>();
  #subschemas = 0;

  of(schema: JsonSchema): CheckBody {
    const found = this.#compiled.get(schema);
    this.#compiled.delete(schema);
    const compiled = found ?? compileSchema(schema);
    this.#compiled.set(schema, compiled);
    if (found === undefined) {
      this.#subschemas += compiled.subschemas;
      this.#forgetOldest();
    }
    return compiled.check;
  }

  #forgetOldest(): void {
    for (const [schema, { subschemas }] of this.#compiled) {
      if (this.#subschemas <= eventTypeLimits.compiledSubschemasMax) return;
      this.#compiled.delete(schema);
      this.#subschemas -= subschemas;
    }
  }
}
