import type { TestApp } from "../../api/testing/test-app.ts";
import { createLog } from "../../ops/log.ts";
import { addDoors } from "../doors.ts";

/** All doors, in front of the application that tests use. Its random bytes are 0, 1, 2, and so on: not to be guessed is the real ones' part. */
export async function addTestDoors({ app, store, events, logLines }: TestApp): Promise<void> {
  let count = 0;
  const destination = { write: (line: string) => void logLines.push(line) };
  await addDoors(app, {
    wechat: {
      store,
      events,
      clock: { now: () => 1_700_000_000_000 },
      log: createLog({ level: "info", pretty: false, destination }),
      randomBytes: (length) => new Uint8Array(length).fill(count++),
      topic: "wechat",
    },
  });
}
