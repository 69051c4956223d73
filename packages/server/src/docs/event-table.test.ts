import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { eventTableText } from "./event-table.ts";

test("docs/guide/events.md has the table of events as the code has it", async () => {
  const guide = await readFile(new URL("../../../../docs/guide/events.md", import.meta.url), "utf8");
  expect(guide).toContain(eventTableText());
});
