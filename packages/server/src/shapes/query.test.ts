import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { queryReader } from "./query.ts";
import { closedObject, whole } from "./schema-parts.ts";

describe("a query parameter", () => {
  const read = queryReader(
    closedObject({
      limit: Type.Optional(whole(1, 1000)),
      force: Type.Optional(Type.Boolean()),
      tags: Type.Optional(Type.Array(Type.String())),
    }),
  );
  const url = "/v1/x";

  it("is read as its type", () => {
    const query = { limit: "10", force: "true", tags: "a,b" };
    expect(read({ url, query })).toEqual({ limit: 10, force: true, tags: ["a", "b"] });
  });

  it.each([
    ["limit", "1e1", "must be a whole number"],
    ["limit", "abc", "must be a whole number"],
    ["limit", "", "must be a whole number"],
    ["limit", "1001", "must be from 1 to 1000"],
    ["force", "1", "must be true or false"],
    ["force", "", "must be true or false"],
    ["force", "TRUE", "must be true or false"],
  ])("%s=%s is refused with what is right: %s", (name, text, message) => {
    expect(() => read({ url, query: { [name]: text } })).toThrow(
      expect.objectContaining({ code: "invalid_request", details: [{ field: name, message }] }),
    );
  });
});
