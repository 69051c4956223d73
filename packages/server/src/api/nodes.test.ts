/** Real: the HTTP application, through `inject`. Faked: the store, in memory. */
import { expect, it, vi } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { call } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";

it("shows the nodes as the store knows them, and which of them answers", async () => {
  const test = await createTestApp();
  const node = { name: "host-a", version: "1.2.3", startedAtMs: 1_700_000_000_000, lastSeenAtMs: 1_700_000_060_000 };
  vi.spyOn(test.store.cluster, "nodes").mockResolvedValueOnce([
    { ...node, id: 7, isAlive: true, isThis: true },
    { ...node, id: 4, isAlive: false, isThis: false },
  ]);
  const times = { startedAt: "2023-11-14T22:13:20.000Z", lastSeenAt: "2023-11-14T22:14:20.000Z" };
  const seen = { name: "host-a", version: "1.2.3", ...times };
  expect(await call(test.app, "GET", "/v1/nodes")).toMatchObject({
    status: 200,
    json: {
      items: [
        { id: 7, ...seen, alive: true, self: true },
        { id: 4, ...seen, alive: false, self: false },
      ],
    },
  });
  expect(await call(test.app, "GET", "/v1/nodes?limit=1")).toMatchObject({ status: 400 });
  test.store.failure = new RingbackError("storage_unavailable");
  expect(await call(test.app, "GET", "/v1/nodes")).toMatchObject({
    status: 503,
    json: { code: "storage_unavailable" },
  });
  await test.app.close();
});
