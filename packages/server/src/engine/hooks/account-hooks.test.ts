/** Real: hooks and keys. Fake: the store in memory, and a transport that replies when a test says so. */

import { describe, expect, it } from "vitest";
import type { PostResult, Transport } from "../../transport/port.ts";
import { createEventBus } from "../event-bus.ts";
import { AccountKeys } from "../keys/account-keys.ts";
import { MemoryStore } from "../testing/memory-store.ts";
import { AccountHooks } from "./account-hooks.ts";

const clock = { now: () => 1_700_000_000_000 };
const empty = { value: {}, bytes: 2 };

async function oneHook() {
  const store = new MemoryStore(clock);
  const waiting: ((result: PostResult) => void)[] = [];
  const transport: Transport = {
    post: (_endpoint, _headers, _body, done) => void waiting.push(done),
    openSockets: () => 0,
    close: () => Promise.resolve(),
  };
  const hooks = new AccountHooks({
    store,
    keys: new AccountKeys({ store, masterKeys: [], failed: () => {} }),
    transport,
    events: createEventBus(),
    observer: { hookCalled: () => {} },
    clock,
    steadyClock: clock,
    requestId: () => "1",
  });
  await hooks.put("h", { urls: ["http://127.0.0.1:9/"] });
  const reply = (result: Partial<PostResult>) =>
    waiting.shift()?.({ durationMs: 1, error: null, status: 204, headers: {}, body: new Uint8Array(0), ...result });
  return { store, hooks, waiting, reply };
}

describe("hooks that are stopping", () => {
  it("take no more calls, and let those under way end", async () => {
    const { hooks, waiting, reply } = await oneHook();
    const called = hooks.call("h", empty);
    await expect.poll(() => waiting.length).toBe(1);
    hooks.stop();
    await expect(hooks.call("h", empty)).rejects.toMatchObject({ code: "shutting_down" });
    expect(hooks.callsUnderWay).toBe(1);
    reply({ status: 403, body: new TextEncoder().encode("no") });
    expect((await called).outcome).toMatchObject({ action: "reject", reason: "no" });
    expect(hooks.callsUnderWay).toBe(0);
  });

  it("give those that are cut off an outcome of their own", async () => {
    const { hooks, waiting, reply } = await oneHook();
    await hooks.put("h", { urls: ["http://127.0.0.1:9/", "http://127.0.0.1:9/never"] });
    const called = hooks.call("h", empty);
    await expect.poll(() => waiting.length).toBe(1);
    reply({ error: "aborted", status: 0 });
    expect((await called).outcome).toMatchObject({ action: "continue", error: "aborted" });
    expect(waiting).toEqual([]);
  });
});

describe("a hook's memory", () => {
  it("is held until the outcome has been sent, and not at all after a call that was refused", async () => {
    const { hooks, waiting, reply } = await oneHook();
    const called = hooks.call("h", { value: {}, bytes: 10 });
    await expect.poll(() => waiting.length).toBe(1);
    expect(hooks.bytesHeld).toBe(80);
    reply({});
    const { release } = await called;
    expect(hooks.bytesHeld).toBe(80);
    release();
    expect(hooks.bytesHeld).toBe(0);
    await expect(hooks.call("nobody", empty)).rejects.toMatchObject({ code: "hook_not_found" });
    await expect(hooks.call("h", { value: "", bytes: 1e9 })).rejects.toMatchObject({ code: "overloaded" });
    expect([hooks.bytesHeld, hooks.callsUnderWay]).toEqual([0, 0]);
  });
});

it("a hook goes where it was told last", async () => {
  const { hooks, waiting, reply, store } = await oneHook();
  for (const protocol of ["json", "koipy"]) {
    await hooks.put("h", { urls: ["http://127.0.0.1:9/"], protocol });
    const called = hooks.call("h", empty);
    await expect.poll(() => waiting.length).toBe(1);
    // 503: for koipy a rejection, for json a server that has failed.
    reply({ status: 503 });
    expect((await called).outcome.error).toBe(protocol === "json" ? "http_status" : null);
  }
  await store.putEntry(store.defaultAccount().id, "hook", "later", {
    urls: [],
    protocol: "of a later version",
    key: null,
  });
  await expect(hooks.call("later", empty)).rejects.toThrow("unknown protocol");
  expect(hooks.callsUnderWay).toBe(0);
});
