import { expect, it } from "vitest";
import { joinedRows, matchesFilter, rowsOfEvents, streamedMax, type AttemptRow } from "./attempt-rows.ts";

const event = (messageId: string, subscription = "a") => ({
  type: "delivery.attempted",
  at: "2026-01-31T08:00:00.250Z",
  topic: "t",
  subscription,
  messageId,
  attempt: 2,
  verdict: "failed",
  status: 503,
  errorCode: null,
  errorDetail: null,
  durationMs: 250,
});

const row: AttemptRow = {
  messageId: "1",
  attempt: 2,
  startedAt: "2026-01-31T08:00:00.000Z",
  durationMs: 250,
  verdict: "failed",
  status: 503,
  errorCode: null,
  errorDetail: null,
};

const all = { verdict: "", status: "", error: "", from: "", to: "" };

it("makes rows of the events of one subscription, the newest first", () => {
  const rows = rowsOfEvents([event("1"), event("2", "b"), event("3")], "a");
  expect(rows).toEqual([{ ...row, messageId: "3" }, row]);
});

it("keeps a bounded number of rows of a large batch", () => {
  const rows = rowsOfEvents(
    Array.from({ length: 5_000 }, (_, index) => event(String(index))),
    "a",
  );
  expect([rows.length, rows[0]?.messageId]).toEqual([streamedMax, "4999"]);
});

it.each([
  [{}, true],
  [{ verdict: "failed", status: "5xx" }, true],
  [{ status: "503" }, true],
  [{ status: "4xx" }, false],
  [{ verdict: "accepted" }, false],
  [{ error: "timeout" }, false],
  [{ from: "2026-01-31T08:00:00Z", to: "2026-01-31T08:00:01Z" }, true],
  [{ to: "2026-01-31T08:00:00Z" }, false],
])("matches the filter %j: %s", (filter, matches) => {
  expect(matchesFilter(row, { ...all, ...filter })).toBe(matches);
});

it("shows an attempt once that both the stream and the list have", () => {
  const listed = [{ ...row, id: "x" }];
  expect(joinedRows([{ ...row, messageId: "9" }, row], listed).map(({ messageId, id }) => [messageId, id])).toEqual([
    ["9", undefined],
    ["1", "x"],
  ]);
});
