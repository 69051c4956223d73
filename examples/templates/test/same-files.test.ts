import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const folder = new URL("..", import.meta.url);

/** Each template is copied alone, so the file that starts Ringback is in each. */
it("All templates start Ringback with the same file.", async () => {
  const names = (await readdir(folder)).filter((name) => name !== "test");
  const texts = await Promise.all(names.map((name) => readFile(new URL(`${name}/src/ringback.ts`, folder), "utf8")));
  expect(names).toHaveLength(6);
  expect(new Set(texts).size).toBe(1);
});
