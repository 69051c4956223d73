/** Faked: the list of nodes and the timers. */
import { expect, it } from "vitest";
import { engineLimits } from "../engine/engine-limits.ts";
import { VirtualTime } from "../engine/testing/virtual-time.ts";
import type { StoreNode } from "../store/cluster.ts";
import { logNodes } from "./node-log.ts";
import { createTestLog } from "./testing/log-lines.ts";

it("the log says once when another node comes, is gone, is back or stops", async () => {
  const { log, lines } = createTestLog();
  const time = new VirtualTime();
  const one: StoreNode = {
    id: 2,
    name: "b",
    version: "1.2.3",
    startedAtMs: 1,
    lastSeenAtMs: 2,
    isAlive: true,
    isThis: false,
  };
  let nodes: StoreNode[] = [{ ...one, id: 1, name: "a", isThis: true }];
  const end = logNodes({ nodes: async () => nodes }, time, log);
  const [self] = nodes as [StoreNode];
  for (const others of [[], [one], [one], [{ ...one, isAlive: false }], [{ ...one, isAlive: false }], [one], []]) {
    nodes = [self, ...others];
    await time.advance(engineLimits.nodeCheckMs);
  }
  expect(lines()).toMatchObject([
    { level: "info", event: "node.joined", node: 2, name: "b" },
    { level: "warn", event: "node.gone", node: 2, lastSeenAt: "1970-01-01T00:00:00.002Z" },
    { level: "info", event: "node.joined", node: 2 },
    { level: "info", event: "node.left", node: 2 },
  ]);
  await end();
});
