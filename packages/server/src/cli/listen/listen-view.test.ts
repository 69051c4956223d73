import { describe, expect, it } from "vitest";
import { widthOf } from "../resources/text-table.ts";
import type { Delivery } from "./delivery.ts";
import { createView, pressed, viewLines, withDelivery, type ListenView } from "./listen-view.ts";

const plain = (_colour: string, text: string) => text;
const nowMs = Date.UTC(2026, 10, 30, 12);
const size = { columns: 80, rows: 8 };

function delivery(id: string, more: Partial<Delivery> = {}): Delivery {
  const message = {
    id,
    receiptHandle: "r",
    receives: 1,
    publishedAt: "2026-11-30T12:00:00Z",
    contentType: null,
    tags: [],
    type: "invoice.paid",
    orderingKey: null,
    attributes: {},
    body: "{}",
  };
  const request = {
    url: "http://localhost:3000/hook",
    headers: ["webhook-id", id, "X-Evil", "\u001b[2J"],
    body: Buffer.from('{"amount":5}'),
  };
  const reply = { status: 200, headers: { server: "x" }, body: Buffer.from("fine") };
  const rest = { attempt: 1, startedAtMs: nowMs, durationMs: 12, nextAtMs: null, error: null, request, reply };
  return { message, state: "accepted", ...rest, ...more };
}

const press = (view: ListenView, ...keys: readonly string[]): ListenView =>
  keys.reduce((before, key) => pressed(before, key)[0], view);
const lines = (view: ListenView): string[] => viewLines(view, size, plain, nowMs);

describe("the view of listen", () => {
  const failed = { state: "waiting", nextAtMs: nowMs + 2000, error: "the program replied 503" } as const;
  const reply = { status: 503, headers: {}, body: new Uint8Array() };
  const view = [
    delivery("1"),
    delivery("2", { ...failed, reply }),
    delivery("3", { state: "sending", reply: null }),
  ].reduce(withDelivery, createView("orders → http://localhost:3000/hook"));

  it("has a line per delivery with status, duration and the time of the retry, and fills the terminal exactly", () => {
    const shown = lines(view);
    expect(shown).toHaveLength(size.rows);
    expect(shown[0]).toBe("orders → http://localhost:3000/hook");
    expect(shown[1]).toMatch(/^ {2}\d\d:\d\d:\d\d 200 {2}invoice.paid +1 +12 ms +accepted$/);
    expect(shown[2]).toContain("503  invoice.paid");
    expect(shown[2]).toContain("again in 2 s");
    expect(shown[3]).toMatch(/^› .*…/);
    for (const line of shown) expect(widthOf(line)).toBeLessThanOrEqual(size.columns);
  });

  it("replaces the state of a delivery", () => {
    expect(lines(withDelivery(view, delivery("3")))[3]).toContain("accepted");
  });

  it("moves the selection, follows the newest one at the end, and inspects headers and body", () => {
    const up = press(view, "\u001b[A", "k");
    expect(lines(up)[1]).toMatch(/^›/);
    expect(press(up, "j", "\u001b[B").selected).toBeNull();
    const inspected = press(up, "\r");
    const all = viewLines(inspected, { columns: 80, rows: 40 }, plain, nowMs);
    expect(all.slice(1, 8)).toEqual([
      "Message 1, attempt 1",
      "",
      "POST http://localhost:3000/hook",
      "webhook-id: 1",
      String.raw`X-Evil: \u001b[2J`,
      "",
      "{",
    ]);
    expect(all).toContain("Reply 200");
    expect(lines(press(inspected, "j", "j"))[1]).toBe("POST http://localhost:3000/hook");
    expect(press(inspected, "\u001b").inspectedFrom).toBeNull();
  });

  it("asks for a retry and for the end", () => {
    const keys = ["r", "q", "\u0003", "\u001a", "x"];
    expect(keys.map((key) => pressed(view, key)[1])).toEqual(["retry", "quit", "quit", "suspend", "none"]);
  });

  it("fits a terminal of any size", () => {
    for (const columns of [1, 5, 10, 16, 17, 40]) {
      for (const rows of [1, 2, 3, 5, 9]) {
        const shown = [view, press(view, "\r")].map((one) => viewLines(one, { columns, rows }, plain, nowMs));
        expect(Math.max(...shown.map(({ length }) => length))).toBeLessThanOrEqual(rows);
        expect(Math.max(...shown.flat().map(widthOf))).toBeLessThanOrEqual(columns);
      }
    }
  });
});
