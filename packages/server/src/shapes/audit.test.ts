import { expect, it } from "vitest";
import type { AccountId } from "../domain/model.ts";
import { auditView } from "./audit.ts";

it("shows no request id for a record that an older version has written", () => {
  const details = { whoName: "ops", source: "127.0.0.1", before: null, after: {} };
  const record = {
    id: "1",
    accountId: 1 as AccountId,
    atMs: 0,
    who: "k",
    action: "putTopic",
    target: "topics/t",
    details,
  };
  expect(auditView(record)).toMatchObject({ requestId: null });
  expect(auditView({ ...record, details: { ...details, requestId: "r" } })).toMatchObject({ requestId: "r" });
});
