import { expect, it } from "vitest";
import { attemptId, parseAttemptId } from "./attempt-id.ts";
import type { MessageId } from "./model.ts";

const key = { messageId: "8777108854442819585" as MessageId, attempt: 12, startedAtMs: 1_790_000_000_000 };

it("An id names the message, the number of the attempt and its start.", () => {
  const id = attemptId(key.messageId, key);
  expect(id).toBe("8777108854442819585-12-1790000000000");
  expect(parseAttemptId(id)).toEqual({ ...key, seq: Number(BigInt(key.messageId) & 0xff_ffff_ffffn) });
});

it.each(["", "1-1-1", "8777108854442819585", "8777108854442819585-1", "8777108854442819585-1-1-1", "x-1-1", "-1-1"])(
  "%j is no id",
  (text) => expect(parseAttemptId(text)).toBeNull(),
);
