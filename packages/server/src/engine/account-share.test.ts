import { expect, test } from "vitest";
import type { AccountId } from "../domain/model.ts";
import { AccountShare } from "./account-share.ts";

const [one, other] = [1, 2] as [AccountId, AccountId];

test("One account may use everything while it is alone, and three quarters while there are others.", () => {
  let isShared = false;
  const share = new AccountShare(8, () => isShared);
  for (let count = 0; count < 8; count++) {
    expect(share.hasRoom(one)).toBe(true);
    share.take(one);
  }
  expect([share.hasRoom(one), share.hasRoom(other), share.used]).toEqual([false, false, 8]);
  isShared = true;
  for (let count = 0; count < 3; count++) share.free(one);
  expect([share.hasRoom(one), share.hasRoom(other)]).toEqual([true, true]);
  share.take(one);
  expect([share.hasRoom(one), share.hasRoom(other)]).toEqual([false, true]);
  share.take(other);
  share.take(other);
  expect([share.hasRoom(other), share.used]).toEqual([false, 8]);
});
