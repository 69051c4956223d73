/** Faked: the list of nodes. */
import { expect, it } from "vitest";
import type { StoreNode } from "../store/cluster.ts";
import { createNodeLog } from "./node-log.ts";
import { createTestLog } from "./testing/log-lines.ts";

it("the log says once when another node comes, is gone, is back or stops", () => {
  const { log, lines } = createTestLog();
  const one: StoreNode = {
    id: 2,
    name: "b",
    version: "1.2.3",
    startedAtMs: 1,
    lastSeenAtMs: 2,
    isAlive: true,
    isThis: false,
  };
  const self = { ...one, id: 1, name: "a", isThis: true };
  const nodesRead = createNodeLog(log);
  for (const others of [[], [one], [one], [{ ...one, isAlive: false }], [{ ...one, isAlive: false }], [one], []]) {
    nodesRead([self, ...others]);
  }
  expect(lines()).toMatchObject([
    { level: "info", event: "node.joined", node: 2, name: "b" },
    { level: "warn", event: "node.gone", node: 2, lastSeenAt: "1970-01-01T00:00:00.002Z" },
    { level: "info", event: "node.joined", node: 2 },
    { level: "info", event: "node.left", node: 2 },
  ]);
});
