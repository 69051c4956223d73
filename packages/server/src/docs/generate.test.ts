import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { errorTable } from "../domain/errors.ts";
import { referenceFiles } from "./generate.ts";

describe("the generated reference", async () => {
  const files = await referenceFiles();

  it.each(files.map((file) => [basename(file.url.pathname), file] as const))(
    "%s is committed as the code makes it (npm run generate)",
    async (_name, { url, text }) => {
      expect(await readFile(url, "utf8")).toBe(text);
    },
  );

  it("lists every error code", () => {
    const page = files.find(({ url }) => url.pathname.endsWith("errors.md"))?.text ?? "";
    const listed = [...page.matchAll(/^\| \[`(\w+)`\]\(errors\/\1\.md\) \|/gm)].map(([, code]) => code);
    expect(listed).toEqual(Object.keys(errorTable));
  });
});
