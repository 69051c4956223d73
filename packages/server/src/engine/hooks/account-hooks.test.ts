/** Real: hooks, keys. Faked: the transport, the store (in memory). The transport replies when a test says so. */

import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { HookSettings } from "../../domain/hook-rules.ts";
import { limits } from "../../domain/limits.ts";
import type { PostResult, Transport } from "../../transport/port.ts";
import { eventually } from "../../transport/testing/eventually.ts";
import { createEventBus } from "../event-bus.ts";
import { EndpointSecrets } from "../keys/endpoint-secrets.ts";
import { systemTimers } from "../../domain/ports.ts";
import { AccountKeys } from "../keys/account-keys.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { AccountHooks } from "./account-hooks.ts";
import { CallLimit } from "./call-limit.ts";
import { MemoryBudget } from "./memory-budget.ts";

const nowMs = 1_700_000_000_000;
/** The clock of a machine that was set ahead by an hour. */
const clock = { now: () => nowMs, wall: (atMs = nowMs) => atMs + 3600_000 };
const unread = () => {
  throw new Error("there is no room for it");
};
const plain: HookSettings = {
  urls: ["http://127.0.0.1:9/"],
  protocol: "koipy",
  timeoutMs: 5_000,
  onError: "continue",
  key: null,
  replyBytesMax: 1024 * 1024,
};
const empty = { bytes: 2, read: () => ({}) };

async function oneHook({ callsMax = 100 } = {}) {
  const store = new MemoryStore({ clock });
  const waiting: ((result: PostResult) => void)[] = [];
  const transport: Transport = {
    post: (_endpoint, _headers, _body, done) => void waiting.push(done),
    openSockets: () => 0,
    close: () => Promise.resolve(),
  };
  const events = createEventBus();
  const accountId = store.catalog.defaultAccount().id;
  const calls = new CallLimit(callsMax);
  const memory = new MemoryBudget(limits.hookMemoryBytesMax);
  const hooks = new AccountHooks({
    store,
    accountId,
    calls,
    memory,
    keys: new AccountKeys({ store, accountId, masterKeys: [], failed: () => {}, clock, randomBytes }),
    transport,
    endpointRule: () => {},
    endpointSecrets: new EndpointSecrets({ masterKeys: [], clock, failed: () => {} }),
    events,
    observer: { hookCalled: () => {} },
    clock,
    timers: systemTimers,
    requestId: () => "1",
  });
  await hooks.put("h", plain);
  const reply = (result: Partial<PostResult>) =>
    waiting.shift()?.({ durationMs: 1, error: null, status: 204, headers: {}, body: new Uint8Array(0), ...result });
  return { store, hooks, calls, memory, waiting, reply, events };
}

describe("hooks that are stopping", () => {
  it("refuse new calls, and let running ones end", async () => {
    const { hooks, calls, waiting, reply } = await oneHook();
    const called = hooks.call("h", empty);
    await eventually(() => waiting.length).toBe(1);
    calls.close();
    await expect(hooks.call("h", empty)).rejects.toMatchObject({ code: "shutting_down" });
    expect(calls.running).toBe(1);
    reply({ status: 403, body: new TextEncoder().encode("no") });
    expect((await called).outcome).toMatchObject({ action: "reject", reason: "no" });
    expect(calls.running).toBe(0);
  });

  it("have an outcome for calls that are aborted", async () => {
    const { hooks, waiting, reply } = await oneHook();
    await hooks.put("h", { ...plain, urls: ["http://127.0.0.1:9/", "http://127.0.0.1:9/never"] });
    const called = hooks.call("h", empty);
    await eventually(() => waiting.length).toBe(1);
    reply({ error: "aborted", status: 0 });
    expect((await called).outcome).toMatchObject({ action: "continue", error: "aborted" });
    expect(waiting).toEqual([]);
  });
});

it("a rejection counts even if the reply is incomplete, and the event has the transport error", async () => {
  const { hooks, waiting, reply, events } = await oneHook();
  const seen: unknown[] = [];
  events.subscribe((event) => seen.push(event));
  await hooks.put("h", { ...plain, urls: ["http://127.0.0.1:9/", "http://127.0.0.1:9/never"] });
  for (const error of ["connection_reset", "timeout", "reply_too_large", "bad_reply", "aborted"] as const) {
    const called = hooks.call("h", empty);
    await eventually(() => waiting.length).toBe(1);
    reply({ error, status: 403, body: new TextEncoder().encode("not y") });
    expect((await called).outcome).toMatchObject({
      action: "reject",
      reason: "not y",
      httpStatus: 403,
      error: null,
    });
    expect(seen.at(-1)).toMatchObject({ at: clock.wall(), action: "reject", error: null, transportError: error });
  }
});

it("a hook whose program hangs does not block calls of other hooks", async () => {
  const { hooks, calls, waiting, reply } = await oneHook({ callsMax: 8 });
  await hooks.put("other", plain);
  const hanging = Array.from({ length: 4 }, () => hooks.call("h", empty));
  await expect(hooks.call("h", empty)).rejects.toMatchObject({ code: "overloaded" });
  const other = hooks.call("other", empty);
  await eventually(() => waiting.length).toBe(5);
  for (let i = 0; i < 5; i++) reply({});
  await Promise.all([...hanging, other]);
  expect(calls.running).toBe(0);
  const again = hooks.call("h", empty);
  await eventually(() => waiting.length).toBe(1);
  reply({});
  expect((await again).outcome.error).toBeNull();
});

describe("a hook's memory", () => {
  it("is used until the outcome was sent, and not used by a refused call", async () => {
    const { hooks, calls, memory, waiting, reply } = await oneHook();
    const called = hooks.call("h", { ...empty, bytes: 10 });
    await eventually(() => waiting.length).toBe(1);
    expect(memory.used).toBe(10 * limits.hookJsonBytesFactor);
    reply({});
    const { release } = await called;
    expect(memory.used).toBe(10 * limits.hookJsonBytesFactor);
    release();
    expect(memory.used).toBe(0);
    await expect(hooks.call("nobody", empty)).rejects.toMatchObject({ code: "hook_not_found" });
    await expect(hooks.call("h", { bytes: 1e9, read: unread })).rejects.toMatchObject({ code: "overloaded" });
    await expect(hooks.call("h", { bytes: 2, read: unread })).rejects.toThrow("there is no room for it");
    expect([memory.used, calls.running]).toEqual([0, 0]);
  });
});

it("a changed hook uses its new URL", async () => {
  const { hooks, calls, waiting, reply, store } = await oneHook();
  for (const protocol of ["json", "koipy"]) {
    await hooks.put("h", { ...plain, protocol });
    const called = hooks.call("h", empty);
    await eventually(() => waiting.length).toBe(1);
    // A 503 is a rejection for koipy, and a failure for json.
    reply({ status: 503 });
    expect((await called).outcome.error).toBe(protocol === "json" ? "http_status" : null);
  }
  await store.entries.put(store.catalog.defaultAccount().id, "hook", "later", {
    urls: [],
    protocol: "of a later version",
    key: null,
  });
  await expect(hooks.call("later", empty)).rejects.toThrow("unknown protocol");
  expect(calls.running).toBe(0);
});
