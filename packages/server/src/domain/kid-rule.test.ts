import { expect, it } from "vitest";
import { kidForm } from "./kid-rule.ts";

it.each(["0", "psk.1", "~", "...", ".a", "__proto__", "x".repeat(64)])("%j is a key's name", (kid) => {
  expect(kidForm.test(kid)).toBe(true);
});

it.each(["", "a b", "a/b", "a\n", "é", "x".repeat(65), ".", ".."])("%j is not a key's name", (kid) => {
  expect(kidForm.test(kid)).toBe(false);
});
