import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withSourcePositions } from "./source-positions.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const frame = (functionName: string, url: string, lineNumber: number) => ({
  id: lineNumber,
  callFrame: { functionName, url, lineNumber, columnNumber: 0 },
});

it("names the source of a function in a build, and leaves other functions as they are", () => {
  // The map says: the third line of the build is the tenth line of the source.
  const map = { version: 3, sources: ["../src/send.ts"], names: [], mappings: ";;AASA" };
  writeFileSync(join(folder, "server.js.map"), JSON.stringify(map));
  const urlOf = (path: string) => pathToFileURL(join(folder, path)).href;
  const others = [frame("parse", urlOf("other.js"), 2), frame("(idle)", "", -1), frame("run", "node:internal/x", 7)];
  const profile = { nodes: [frame("send", urlOf("server.js"), 2), ...others] };
  const { nodes } = withSourcePositions(profile);
  expect(nodes[0]?.callFrame).toMatchObject({ functionName: "send", url: urlOf("../src/send.ts"), lineNumber: 9 });
  expect(nodes.slice(1)).toEqual(others);
});
