/** Real: the HTTP application, which is called through `inject`; the API keys. Faked: the store, in memory. */

import { afterEach, describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { call } from "./testing/call.ts";
import type { CallBody } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const secretId = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA";
const secretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
const given = { name: "billing", secretId, secretKey };
let test: TestApp;
afterEach(() => test.app.close());

const ask = (method: string, url: string, body?: CallBody) => call(test.app, method, url, body);
const secretOf = async (id: string) => {
  const secret = await test.apiKeys.secretOf(id);
  return secret && Buffer.from(secret).toString("utf8");
};

describe("API keys", () => {
  it("are created with a pair that is valid at once, and is shown only once", async () => {
    test = await createTestApp();
    const made = await ask("POST", "/v1/api-keys", { json: { name: "billing" } });
    expect(made).toMatchObject({
      status: 201,
      headers: { "cache-control": "no-store" },
      json: {
        name: "billing",
        secretId: expect.stringMatching(/^AKID[A-Za-z\d]{32}$/),
        secretKey: expect.stringMatching(/^[A-Za-z\d]{32}$/),
        usable: true,
        createdAt: "2026-01-31T08:15:30.250Z",
      },
    });
    const { secretKey, token, ...shown } = made.json;
    expect(token).toMatch(/^rbk_[A-Za-z\d]{32}_[A-Za-z\d]{38}$/);
    expect(shown.id).toBe(shown.secretId);
    expect(await secretOf(shown.secretId)).toBe(secretKey);
    expect(await ask("GET", `/v1/api-keys/${shown.id}`)).toMatchObject({ status: 200, json: shown });
    const later = [await ask("GET", `/v1/api-keys/${shown.id}`), await ask("GET", "/v1/api-keys")];
    expect(JSON.stringify(later)).not.toContain(secretKey);
    expect(JSON.stringify(later)).not.toMatch(/secretKey|sealed|token/i);
  });

  it("accept the pair of an existing program, and creating the same key again changes nothing", async () => {
    test = await createTestApp();
    const made = await ask("POST", "/v1/api-keys", { json: given });
    expect(made).toMatchObject({ status: 201, json: { id: secretId, ...given } });
    expect(await ask("POST", "/v1/api-keys", { json: given })).toMatchObject({
      status: 200,
      json: { ...made.json, token: null },
    });
    const other = { ...given, secretKey: `${secretKey}2` };
    const refused = await ask("POST", "/v1/api-keys", { json: other });
    expect(refused).toMatchObject({ status: 409, json: { code: "api_key_exists" } });
    expect(JSON.stringify(refused)).not.toContain(secretKey);
    expect(await secretOf(secretId)).toBe(secretKey);
  });

  it("are invalid once they are revoked", async () => {
    test = await createTestApp();
    await ask("POST", "/v1/api-keys", { json: given });
    expect((await ask("DELETE", `/v1/api-keys/${secretId}`)).status).toBe(204);
    expect(await secretOf(secretId)).toBeNull();
    for (const method of ["GET", "DELETE"]) {
      expect((await ask(method, `/v1/api-keys/${secretId}`)).json).toMatchObject({ code: "api_key_not_found" });
    }
  });

  it("are listed by id, page by page", async () => {
    test = await createTestApp();
    for (const id of ["AKIDb", "AKIDa", "AKIDc"]) {
      await ask("POST", "/v1/api-keys", { json: { name: "same", secretId: id, secretKey } });
    }
    const page = await ask("GET", "/v1/api-keys?limit=2");
    expect(page.json.items).toMatchObject([{ id: "AKIDa", name: "same" }, { id: "AKIDb" }]);
    expect((await ask("GET", `/v1/api-keys?after=${page.json.next}`)).json).toMatchObject({
      items: [{ id: "AKIDc" }],
      next: null,
    });
    expect((await ask("GET", "/v1/api-keys?after=x")).json.code).toBe("invalid_cursor");
  });

  it.each<[string, object, string, string]>([
    ["no name", { secretId, secretKey }, "invalid_request", "name"],
    ["half a pair", { name: "a", secretId }, "invalid_key", "secretKey"],
    ["the other half", { name: "a", secretKey }, "invalid_key", "secretId"],
    [
      "the halves the wrong way round",
      { ...given, secretId: secretKey, secretKey: secretId },
      "invalid_key",
      "secretId",
    ],
    ["a key that is no text", { ...given, secretKey: [secretKey] }, "invalid_key", "secretKey"],
    ["a key that is too short", { ...given, secretKey: secretKey.slice(0, 15) }, "invalid_key", "secretKey"],
    ["an unknown member", { ...given, rank: "admin" }, "invalid_request", "rank"],
    ["an unknown role", { ...given, role: "owner" }, "invalid_request", "role"],
    ["a pattern that no topic can have", { ...given, topics: ["a/*"] }, "invalid_request", "topics[0]"],
    ["a time without a zone", { ...given, expiresAt: "2027-01-31T00:00" }, "invalid_request", "expiresAt"],
  ])("with %s are refused, without a word of them in the answer or the log", async (_what, json, code, field) => {
    test = await createTestApp();
    const answer = await ask("POST", "/v1/api-keys", { json });
    expect(answer.json).toMatchObject({ status: 400, code, errors: [{ field }] });
    expect(JSON.stringify(answer) + test.logLines.join("")).not.toContain(secretKey.slice(0, 15));
    expect((await ask("GET", "/v1/api-keys")).json.items).toEqual([]);
  });

  it("are not found by an invalid id, and the answer does not contain it", async () => {
    test = await createTestApp();
    const answer = await ask("GET", `/v1/api-keys/${secretKey}`);
    expect(answer.json).toMatchObject({ status: 404, code: "api_key_not_found" });
    expect(JSON.stringify(answer)).not.toContain(secretKey);
  });

  it("cannot be created without a master key, and the answer says what to set", async () => {
    test = await createTestApp({}, { masterKeys: [] });
    const { json } = await ask("POST", "/v1/api-keys", { json: given });
    expect(json).toMatchObject({ status: 409, code: "master_key_missing" });
    expect(json.detail).toContain("RINGBACK_MASTER_KEY");
  });

  it("answer with an error when the database cannot be written", async () => {
    test = await createTestApp();
    test.store.failure = new RingbackError("storage_full");
    expect((await ask("POST", "/v1/api-keys", { json: given })).json.code).toBe("storage_full");
  });
});
