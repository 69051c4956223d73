import { describe, expect, it } from "vitest";
import { kindOf, roomOf } from "./rooms.ts";

describe("roomOf", () => {
  it.each([
    ["packages/sdk/src/protocols/raw.ts", "sdk/protocols"],
    ["packages/sdk/src/receive/testing/a.ts", "sdk/receive"],
    ["packages/server/src/api/topics.ts", "server/api"],
    ["packages/server/src/compat/cmq/api.ts", "server/compat"],
    ["packages/server/src/store/log.ts", "server/store"],
    ["packages/server/src/store/postgres/schema/tables/node.sql", "server/store/postgres"],
    ["packages/server/src/engine/push/sender.ts", "server/engine/push"],
    ["packages/server/src/server.ts", "server/*.ts"],
    ["packages/server/test/harness/api.ts", "server/test"],
    ["bench/src/load/tally.ts", "bench"],
  ])("puts %s into %s", (path, room) => {
    expect(roomOf(path)).toBe(room);
  });
});

describe("kindOf", () => {
  it.each([
    ["packages/server/src/api/topics.ts", "shipped"],
    ["packages/server/src/store/postgres/log.sql", "shipped"],
    ["packages/server/src/api/topics.test.ts", "tests"],
    ["packages/server/src/store/contract/log.ts", "tests"],
    ["packages/server/src/store/postgres/schema.dump.sql", "tests"],
    ["packages/server/test/crash.test.ts", "tests"],
    ["packages/server/test/harness/api.ts", "harness"],
    ["packages/server/src/api/testing/app.ts", "harness"],
    ["bench/src/main.ts", "harness"],
    ["bench/src/clock.test.ts", "tests"],
  ])("counts %s as %s", (path, kind) => {
    expect(kindOf(path)).toBe(kind);
  });
});
