import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTopicGranted, mayUse, roles } from "./access-rules.ts";

describe("a role", () => {
  it("includes others as documented", () => {
    const uses = Object.fromEntries(roles.map((role) => [role, roles.filter((need) => mayUse(role, need))]));
    expect(uses).toEqual({
      operator: [...roles],
      admin: ["admin", "publish", "consume", "read"],
      publish: ["publish"],
      consume: ["consume"],
      read: ["read"],
    });
    expect(roles.every((role) => mayUse(role, "public"))).toBe(true);
  });
});

describe("a pattern of topics", () => {
  it("agrees with a regular expression", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab*]{0,8}$/), fc.stringMatching(/^[ab]{1,8}$/), (pattern, topic) => {
        const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(topic);
        expect(isTopicGranted([pattern], topic)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it("matches no log that is not a topic", () => {
    for (const name of ["inbox:box", "queue:jobs", ""])
      expect([name, isTopicGranted(["*", "i*"], name)]).toEqual([name, false]);
  });

  it("is compared in little time, however many asterisks it has", () => {
    expect(isTopicGranted([`${"a*".repeat(60)}b`], "a".repeat(128))).toBe(false);
  });
});
