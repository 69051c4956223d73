/** Real: the HTTP application, the WeChat API, API keys, accounts. Faked: the store, in memory; the random bytes. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call } from "../../api/testing/call.ts";
import { storedTopics } from "../../api/testing/stored.ts";
import { createTestApp, type TestApp } from "../../api/testing/test-app.ts";
import { grantDefault } from "../../engine/access/account-api-keys.ts";
import { settingsDefault } from "../../engine/accounts/account-settings.ts";
import { addTestApis } from "../testing/test-gateway.ts";

let testApp: TestApp;
beforeEach(async () => {
  testApp = await createTestApp();
  await addTestApis(testApp);
});
afterEach(() => testApp.app.close());

async function codeOf(json: object, headers: Record<string, string> = {}): Promise<number> {
  const answer = await call(testApp.app, "POST", "/api/", { json, headers });
  return (answer.json as { error_code: number }).error_code;
}

const list = { type: 1003 };
const served = 10000;
const refused = 10002;

async function keyFor(allAccounts: boolean): Promise<Record<string, string>> {
  const settings = { ...grantDefault, name: "key", role: "admin" as const, allAccounts, expiresAtMs: null };
  return { authorization: `Bearer ${(await testApp.apiKeys.create(settings, null)).token}` };
}

describe("a request without a key and without the secret", () => {
  it.each(["x-forwarded-for", "forwarded", "via", "x-real-ip"])(
    "is refused by an open server if a proxy has sent it: %s",
    async (header) => {
      expect(await codeOf(list, { [header]: "203.0.113.9" })).toBe(refused);
      expect(await codeOf(list)).toBe(served);
    },
  );
});

describe("the header Ringback-Account", () => {
  const header = "ringback-account";

  it("selects the account for a key that is valid for all accounts", async () => {
    const { account } = await testApp.accounts.put("acme", settingsDefault);
    const key = await keyFor(true);
    const adding = { type: 1001, protocol: 2, url: "http://h/" };
    expect(await codeOf(adding, { ...key, [header]: "acme" })).toBe(served);
    expect(await storedTopics(testApp.store)).toEqual([]);
    expect(await testApp.store.catalog.getTopic(account.accountId, "wechat")).not.toBeNull();
    expect(await codeOf(list, { ...key, [header]: "missing" })).toBe(refused);
  });

  it("is refused with the name of another account for other keys and without a key", async () => {
    await testApp.accounts.put("acme", settingsDefault);
    const key = await keyFor(false);
    for (const [name, code] of [
      ["acme", refused],
      ["missing", refused],
      ["default", served],
    ] as const) {
      const codes = [await codeOf(list, { ...key, [header]: name }), await codeOf(list, { [header]: name })];
      expect([name, codes]).toEqual([name, [code, code]]);
    }
  });
});

it("the key of a portal link is refused", async () => {
  const settings = { ...grantDefault, name: "link", role: "admin" as const, expiresAtMs: null, isPortal: true };
  const { token } = await testApp.apiKeys.create(settings, null);
  expect(await codeOf(list, { authorization: `Bearer ${token}` })).toBe(refused);
});
