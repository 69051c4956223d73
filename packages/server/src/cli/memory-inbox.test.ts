/** Real: the server's inboxes, the store in memory. Faked: the clock. */
import { clockAt } from "../domain/testing/clock-at.ts";
import { describe, expect, it } from "vitest";
import { systemTimers } from "../domain/ports.ts";
import type { LeasedMessage } from "../engine/pull/leased-delivery.ts";
import { MemoryInbox } from "./memory-inbox.ts";
import type { MemoryInboxOptions } from "./memory-inbox.ts";

async function inbox(options: Partial<MemoryInboxOptions> = {}) {
  const time = { nowMs: 1_700_000_000_000 };
  const failures: unknown[] = [];
  const messages = await MemoryInbox.open({
    whilePolledMs: null,
    messagesMax: 100,
    bytesMax: 1_000_000,
    clock: clockAt(() => time.nowMs),
    timers: systemTimers,
    failed: (error) => failures.push(error),
    ...options,
  });
  const put = (text: string) => messages.keep(Buffer.from(text), { headers: [], query: "" });
  const next = async () => {
    const message = await messages.take();
    message?.done(true);
    return message && textOf(message);
  };
  const all = async () => {
    const texts: string[] = [];
    for (let text = await next(); text !== null; text = await next()) texts.push(text);
    return texts;
  };
  return { messages, time, failures, put, next, all };
}

const text = (at: number) => `${at}`.padEnd(1_000);

function textOf({ message }: LeasedMessage): string {
  return Buffer.from(message.body).toString();
}

describe("an inbox in memory", () => {
  it("gives messages in the order in which they came, and those that no client got in their old position", async () => {
    const { messages, put, all } = await inbox();
    for (const text of ["1", "2", "3"]) expect(await put(text)).toBe("kept");
    const taken = [await messages.take(), await messages.take()];
    for (const message of taken) message?.done(false);
    expect(await messages.waitingCount()).toBe(3);
    expect(await all()).toEqual(["1", "2", "3"]);
    expect(await messages.take()).toBeNull();
  });

  it("refuses more messages than its limit, and accepts messages again as soon as one is taken", async () => {
    const { put, next } = await inbox({ messagesMax: 2 });
    expect([await put("1"), await put("2"), await put("3")]).toEqual(["kept", "kept", "full"]);
    await next();
    expect(await put("4")).toBe("kept");
  });

  it("refuses more bytes than its limit, including bytes that are being sent to a client", async () => {
    const { messages, put } = await inbox({ bytesMax: 20_000 });
    expect(await put("x".repeat(12_000))).toBe("kept");
    const taken = await messages.take();
    expect(await put("x".repeat(12_000))).toBe("full");
    taken?.done(false);
    expect(await put("x".repeat(12_000))).toBe("full");
    (await messages.take())?.done(true);
    expect(await put("x".repeat(12_000))).toBe("kept");
  });

  it("frees the memory of taken messages, and keeps the order of waiting messages, although it is never empty", async () => {
    const { put, next, all } = await inbox({ bytesMax: 5_000 });
    for (const at of [0, 1, 2]) await put(text(at));
    for (let at = 3; at < 200; at++) {
      expect(await put(text(at))).toBe("kept");
      expect(await next()).toBe(text(at - 3));
    }
    expect(await all()).toEqual([197, 198, 199].map(text));
  });

  it("drops everything when nobody has polled in time, and counts none of its bytes afterwards", async () => {
    const { messages, time, put, next, failures } = await inbox({ whilePolledMs: 1_000, bytesMax: 20_000 });
    await put("x".repeat(12_000));
    const taken = await messages.take();
    time.nowMs += 1_000;
    expect(await put("late")).toBe("dropped");
    taken?.done(false);
    expect(await next()).toBeNull();
    await messages.take();
    expect(await put("x".repeat(12_000))).toBe("kept");
    expect(await next()).toBe("x".repeat(12_000));
    expect(failures).toEqual([]);
  });
});
