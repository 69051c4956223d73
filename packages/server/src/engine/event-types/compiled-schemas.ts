import { eventTypeLimits } from "../../domain/event-type-limits.ts";
import type { JsonSchema } from "../../domain/json-schema.ts";
import { type CheckBody, compileSchema } from "./schema-compiler.ts";

/**
 * The compiled schemas that were used last, over all accounts. A changed event type has another schema object, so that
 * an old version is never used.
 */
export class CompiledSchemas {
  /** In the order of their last use. */
  readonly #compiled = new Map<JsonSchema, CheckBody>();

  of(schema: JsonSchema): CheckBody {
    const found = this.#compiled.get(schema);
    if (found === undefined) {
      const compiled = compileSchema(schema);
      this.#compiled.set(schema, compiled);
      if (this.#compiled.size > eventTypeLimits.compiledSchemasMax) {
        for (const oldest of this.#compiled.keys()) {
          this.#compiled.delete(oldest);
          break;
        }
      }
      return compiled;
    }
    this.#compiled.delete(schema);
    this.#compiled.set(schema, found);
    return found;
  }
}
