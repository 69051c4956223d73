import { expect, it } from "vitest";
import { emptyPublication, faultOf, messageOf, requestOf } from "./publication.ts";

it("sends JSON as a value, and leaves out what is not given", () => {
  expect(messageOf({ ...emptyPublication, body: '{"a": [1]}' })).toEqual({ body: { a: [1] } });
});

it("sends text with its content type", () => {
  const publication = { ...emptyPublication, format: "text", body: "{", contentType: "text/csv" } as const;
  expect(messageOf(publication)).toEqual({ body: "{", contentType: "text/csv" });
});

it("sends everything that is given", () => {
  const given = { type: "a.b", tags: "x, y  z", orderingKey: "k", delaySeconds: "1.5", attributes: "a=b=c\n\n d = e " };
  expect(requestOf("a b", { ...emptyPublication, ...given, body: "1" })).toEqual({
    method: "POST",
    path: "/v1/topics/a%20b/messages",
    headers: { "content-type": "application/json" },
    body: {
      body: 1,
      type: "a.b",
      tags: ["x", "y", "z"],
      orderingKey: "k",
      delayMs: 1_500,
      attributes: { a: "b=c", d: "e" },
    },
  });
});

it.each([
  [{ body: "{" }, "badJson"],
  [{ body: "{", format: "text" }, null],
  [{ delaySeconds: "soon" }, "badDelay"],
  [{ attributes: "=x" }, "badAttribute"],
  [{}, null],
] as const)("finds in %j the fault %s", (change, fault) => {
  expect(faultOf({ ...emptyPublication, ...change })).toBe(fault);
});
