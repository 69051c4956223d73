/** Real: the HTTP application, which is called through `inject`; the keys. Faked: the store, in memory. */

import { setImmediate as otherWork } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { call } from "./testing/call.ts";
import type { CallBody } from "./testing/call.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const jwk = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" };
let test: TestApp;
afterEach(() => test.app.close());

const oct = (bytes: number) => ({ json: { jwk: { kty: "oct", k: Buffer.alloc(bytes, bytes).toString("base64url") } } });
const ask = (method: string, url: string, given?: CallBody) => call(test.app, method, url, given);

describe("keys", () => {
  it("are put by name, and a second equal put changes nothing", async () => {
    test = await createTestApp();
    const put = await ask("PUT", "/v1/keys/0", { json: { jwk } });
    expect(put).toMatchObject({
      status: 201,
      json: { kid: "0", kty: "oct", crv: null, bits: 128, usable: true, createdAt: "2026-01-31T08:15:30.250Z" },
    });
    expect(await ask("PUT", "/v1/keys/0", { json: { jwk } })).toMatchObject({ status: 200, json: put.json });
    expect(await ask("GET", "/v1/keys/0")).toMatchObject({ status: 200, json: put.json });
    expect((await ask("DELETE", "/v1/keys/0")).status).toBe(204);
    expect((await ask("GET", "/v1/keys/0")).json).toMatchObject({ code: "key_not_found", status: 404 });
    expect((await ask("DELETE", "/v1/keys/0")).json).toMatchObject({ code: "key_not_found" });
  });

  it("are deleted while something uses them only by force", async () => {
    test = await createTestApp();
    await ask("PUT", "/v1/keys/used", { json: { jwk: { kty: "oct", k: "A".repeat(43) } } });
    await ask("PUT", "/v1/topics/orders");
    const push = { url: "https://example.com/", protocol: "standard-webhooks", keys: ["used"] };
    await ask("PUT", "/v1/topics/orders/subscriptions/billing", { json: { push } });
    const hook = { urls: ["https://example.com/"], protocol: "opencard", key: "card" };
    await ask("PUT", "/v1/keys/card", { json: { jwk: { kty: "oct", k: "A".repeat(22) } } });
    expect((await ask("PUT", "/v1/hooks/cards", { json: hook })).status).toBe(201);
    const detail = 'The key "used" is used by the subscription orders/billing.';
    expect(await ask("DELETE", "/v1/keys/used")).toMatchObject({ status: 409, json: { code: "key_in_use", detail } });
    expect((await ask("DELETE", "/v1/keys/used?force=false")).status).toBe(409);
    expect((await ask("DELETE", "/v1/keys/used?force=yes")).json.code).toBe("invalid_request");
    expect((await ask("DELETE", "/v1/keys/card")).json.detail).toBe('The key "card" is used by the hook cards.');
    expect((await ask("DELETE", "/v1/keys/card?force=true")).status).toBe(204);
    await ask("DELETE", "/v1/topics/orders");
    expect((await ask("DELETE", "/v1/keys/used")).status).toBe(204);
  });

  it("are replaced by one that their users cannot use only by force", async () => {
    test = await createTestApp();
    await ask("PUT", "/v1/topics/orders");
    for (const [kid, bytes] of Object.entries({ used: 33, card: 16 })) await ask("PUT", `/v1/keys/${kid}`, oct(bytes));
    const push = { url: "https://example.com/", protocol: "standard-webhooks", keys: ["used"] };
    await ask("PUT", "/v1/topics/orders/subscriptions/billing", { json: { push } });
    const hook = { urls: ["https://example.com/"], protocol: "opencard", key: "card" };
    expect((await ask("PUT", "/v1/hooks/cards", { json: hook })).status).toBe(201);
    const refused = await ask("PUT", "/v1/keys/used", oct(16));
    expect(refused).toMatchObject({ status: 409, json: { code: "key_in_use" } });
    expect(refused.json.detail).toBe(
      'The new key "used" cannot be used by the subscription orders/billing ' +
        "(standard-webhooks: a secret must have 24 to 64 bytes to sign).",
    );
    const { json } = await ask("PUT", "/v1/keys/card", oct(33));
    expect([json.code, json.detail]).toEqual([
      "key_in_use",
      expect.stringContaining('"card" cannot be used by the hook cards (opencard: '),
    ]);
    expect((await ask("GET", "/v1/keys/used")).json.bits).toBe(33 * 8);
    expect((await ask("PUT", "/v1/keys/used", oct(34))).status).toBe(200);
    expect((await ask("PUT", "/v1/keys/used", { json: { jwk: { kty: "oct", k: "A" } } })).json.code).toBe(
      "invalid_key",
    );
    expect((await ask("PUT", "/v1/keys/used?force=yes", oct(16))).json.code).toBe("invalid_request");
    expect((await ask("PUT", "/v1/keys/used?force=true", oct(16))).status).toBe(200);
  });

  it.each<[string, object]>([
    [
      "/v1/topics/orders/subscriptions/s",
      { push: { url: "https://example.com/", protocol: "standard-webhooks", keys: ["k"] } },
    ],
    ["/v1/hooks/h", { urls: ["https://example.com/"], protocol: "opencard", key: "k" }],
  ])("are not deleted between the check and the write of %s", async (user, json) => {
    test = await createTestApp();
    await ask("PUT", "/v1/topics/orders");
    await ask("PUT", "/v1/keys/k", { json: { jwk: { kty: "oct", k: "A".repeat(43) } } });
    const { entries } = test.store;
    const remove = entries.delete.bind(entries);
    let written: ReturnType<typeof ask> | undefined;
    entries.delete = async (...which) => {
      written = ask("PUT", user, { json });
      for (let turn = 0; turn < 100; turn++) await otherWork();
      return remove(...which);
    };
    expect((await ask("DELETE", "/v1/keys/k")).status).toBe(204);
    expect((await written)?.json).toMatchObject({ code: "key_not_found" });
    expect((await ask("GET", user)).status).toBe(404);
  });

  it("are never shown: neither one by one, nor in a list, nor in the log", async () => {
    test = await createTestApp();
    const answers = [
      await ask("PUT", "/v1/keys/0", { json: { jwk: { ...jwk, note: "of mine" } } }),
      await ask("GET", "/v1/keys/0"),
      await ask("GET", "/v1/keys"),
      await ask("PUT", "/v1/keys/1", { json: { jwk: { ...jwk, kty: "RSA" } } }),
      await ask("PUT", "/v1/keys/1", { json: { jwk: { kty: "oct", k: [jwk.k] } } }),
      await ask("PUT", "/v1/keys/1", { json: { jwk: `oct:${jwk.k}` } }),
      await ask("PUT", "/v1/keys/1", { json: { jwk, k: jwk.k } }),
      await ask("PUT", "/v1/keys/1", { json: { jwk }, headers: { "content-type": "text/plain" } }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200, 400, 400, 400, 400, 415]);
    expect(JSON.stringify(answers)).not.toMatch(/MDEyMzQ1|of mine|sealed/);
    expect(test.logLines.join("")).not.toContain(jwk.k);
  });

  it("are listed by name, page by page", async () => {
    test = await createTestApp();
    for (const kid of ["b", "0", "a.2"]) await ask("PUT", `/v1/keys/${kid}`, { json: { jwk } });
    const page = await ask("GET", "/v1/keys?limit=2");
    expect(page.json.items).toMatchObject([{ kid: "0" }, { kid: "a.2" }]);
    expect((await ask("GET", `/v1/keys?after=${page.json.next}`)).json).toMatchObject({
      items: [{ kid: "b" }],
      next: null,
    });
    expect((await ask("GET", "/v1/keys?after=x")).json.code).toBe("invalid_cursor");
  });

  it.each<[string, CallBody, string, string]>([
    ["no key", { json: {} }, "invalid_key", "jwk"],
    ["no type", { json: { jwk: { k: jwk.k } } }, "invalid_key", "jwk.kty"],
    ["a type that is no text", { json: { jwk: { kty: ["oct"], k: jwk.k } } }, "invalid_key", "jwk.kty"],
    ["an unknown type", { json: { jwk: { kty: "EC" } } }, "invalid_key", "jwk.kty"],
    ["another member", { json: { jwk, note: "x" } }, "invalid_request", "note"],
    ["a type that hides in the prototype", { body: '{"jwk":{"__proto__":{"kty":"oct"}}}' }, "invalid_key", "jwk.kty"],
  ])("with %s are refused", async (_what, given, code, field) => {
    test = await createTestApp();
    const answer = await ask("PUT", "/v1/keys/0", { headers: { "content-type": "application/json" }, ...given });
    expect(answer.json).toMatchObject({ status: 400, code, errors: [{ field }] });
  });

  it("have names of a special form", async () => {
    test = await createTestApp();
    for (const kid of ["a%20b", "%2F", "x".repeat(65), "%00"]) {
      for (const method of ["GET", "DELETE"]) {
        expect((await ask(method, `/v1/keys/${kid}`)).json.code).toBe("invalid_name");
      }
      expect((await ask("PUT", `/v1/keys/${kid}`, { json: { jwk } })).json.code).toBe("invalid_name");
    }
    expect((await ask("PUT", "/v1/keys/__proto__", { json: { jwk } })).status).toBe(201);
    expect((await ask("GET", "/v1/keys")).json.items).toMatchObject([{ kid: "__proto__" }]);
  });

  it("cannot be put without a master key, and the answer says what to set", async () => {
    test = await createTestApp({}, { masterKeys: [] });
    const { json } = await ask("PUT", "/v1/keys/0", { json: { jwk } });
    expect(json).toMatchObject({ status: 409, code: "master_key_missing" });
    expect(json.detail).toContain("RINGBACK_MASTER_KEY");
  });

  it("answer with an error when the database cannot be written", async () => {
    test = await createTestApp();
    test.store.failure = new RingbackError("storage_full");
    expect((await ask("PUT", "/v1/keys/0", { json: { jwk } })).json.code).toBe("storage_full");
  });
});
