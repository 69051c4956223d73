import { expect, it } from "vitest";
import { eventTypeLimits } from "../../domain/event-type-limits.ts";
import { CompiledSchemas } from "./compiled-schemas.ts";

const large = () => ({ allOf: Array<boolean>(eventTypeLimits.subschemasMax - 1).fill(true) });

it("a schema is compiled once while it is used, and a changed one at once", () => {
  const schemas = new CompiledSchemas();
  const schema = { type: "object" };
  expect(schemas.of(schema)).toBe(schemas.of(schema));
  expect(schemas.of({ type: "object" })).not.toBe(schemas.of(schema));
});

it("the schemas that were used last stay compiled, up to a number of subschemas", () => {
  const schemas = new CompiledSchemas();
  const [used, unused] = [large(), large()];
  const [first, second] = [schemas.of(used), schemas.of(unused)];
  for (let at = 0; at < eventTypeLimits.compiledSubschemasMax / eventTypeLimits.subschemasMax - 1; at++) {
    schemas.of(large());
    schemas.of(used);
  }
  expect(schemas.of(used)).toBe(first);
  expect(schemas.of(unused)).not.toBe(second);
});
