import type { TestApp } from "../../api/testing/test-app.ts";
import { memoryPublisher } from "../../api/testing/memory-publisher.ts";
import { createLog } from "../../ops/log.ts";
import { MemoryQueues } from "../cmq/testing/memory-queues.ts";
import { addCompatibilityApis } from "../gateway.ts";

/** Adds the CMQ and WeChat APIs to the application of a test. Random bytes are predictable: 0, 1, 2 … */
export async function addTestApis({ app, store, events, logLines }: TestApp): Promise<void> {
  let count = 0;
  const destination = { write: (line: string) => void logLines.push(line) };
  const clock = { now: () => 1_700_000_000_000 };
  const shared = {
    store,
    events,
    clock,
    log: createLog({ level: "info", pretty: false, destination }),
    randomBytes: (length: number) => new Uint8Array(length).fill(count++),
  };
  await addCompatibilityApis(app, {
    wechat: { ...shared, topic: "wechat", secretCost: [16, 1, 1] },
    cmq: {
      ...shared,
      publisher: memoryPublisher(store),
      queues: new MemoryQueues(clock),
      apiKeys: { secretOf: async () => null },
      timestampWindowMs: 300_000,
      refuseReplays: true,
    },
  });
}
