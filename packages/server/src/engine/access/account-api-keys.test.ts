import { clockAt } from "../../domain/testing/clock-at.ts";
import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { AccountApiKeys, grantDefault } from "./account-api-keys.ts";
import { AccountKeys } from "../keys/account-keys.ts";

const clock = clockAt(() => 1_700_000_000_000);
const first = Buffer.alloc(32, 1).toString("base64url");
const second = Buffer.alloc(32, 2).toString("base64url");
const pair = { secretId: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", secretKey: "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA" };
const another = { ...pair, secretKey: "another-secret-key-of-32-chars!!" };

function apiKeysOf(store: MemoryStore, masterKeys: readonly string[] = [first]) {
  const failures: unknown[] = [];
  const apiKeys = new AccountApiKeys({
    store,
    accountId: store.catalog.defaultAccount().id,
    masterKeys,
    randomBytes,
    failed: (...failure) => failures.push(failure),
  });
  return Object.assign(apiKeys, { failures });
}

const named = (name: string) => ({ ...grantDefault, name, expiresAtMs: null });
const text = (secret: Uint8Array | null) => secret && Buffer.from(secret).toString("utf8");

describe("an API key", () => {
  it("is generated with a unique SecretId and SecretKey, and can be used at once", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    const made = [await apiKeys.create(named("a"), null), await apiKeys.create(named("a"), null)];
    for (const { apiKey, pair, created } of made) {
      expect(pair).toEqual({
        secretId: expect.stringMatching(/^AKID[A-Za-z\d]{32}$/),
        secretKey: expect.stringMatching(/^[A-Za-z\d]{32}$/),
      });
      expect([apiKey.id, apiKey.name, apiKey.usable, created]).toEqual([pair.secretId, "a", true, true]);
      expect(text(await apiKeys.secretOf(pair.secretId))).toBe(pair.secretKey);
    }
    expect(new Set(made.flatMap(({ pair }) => Object.values(pair))).size).toBe(4);
  });

  it("stores any valid pair unchanged", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    const secretId = fc.stringMatching(/^AKID[a-zA-Z\d_-]{1,60}$/);
    const secretKey = fc.stringMatching(/^[!-~]{16,128}$/);
    await fc.assert(
      fc.asyncProperty(secretId, secretKey, async (secretId, secretKey) => {
        await apiKeys.put(named("any"), { secretId, secretKey });
        expect(text(await apiKeys.secretOf(secretId))).toBe(secretKey);
      }),
      { numRuns: 50 },
    );
  });

  it("only changes its name when the same pair is created again, and refuses another SecretKey", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    await apiKeys.create(named("a"), pair);
    const secret = await apiKeys.secretOf(pair.secretId);
    expect(await apiKeys.create(named("a"), pair)).toMatchObject({ created: false, pair });
    expect(await apiKeys.secretOf(pair.secretId)).toBe(secret);
    expect(await apiKeys.create(named("b"), pair)).toMatchObject({ created: false, apiKey: { name: "b" } });
    await expect(apiKeys.create(named("a"), another)).rejects.toMatchObject({ code: "api_key_exists" });
    expect(text(await apiKeys.secretOf(pair.secretId))).toBe(pair.secretKey);
    await apiKeys.put(named("a"), another);
    expect(text(await apiKeys.secretOf(pair.secretId))).toBe(another.secretKey);
  });

  it("is created once when several are created concurrently with one SecretId, and the others are refused", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    const made = await Promise.allSettled([apiKeys.create(named("a"), pair), apiKeys.create(named("b"), another)]);
    const [kept] = made.flatMap((each) => (each.status === "fulfilled" ? [each.value.pair.secretKey] : []));
    expect(made).toContainEqual(
      expect.objectContaining({ reason: expect.objectContaining({ code: "api_key_exists" }) }),
    );
    expect(text(await apiKeys.secretOf(pair.secretId))).toBe(kept);
    const same = await Promise.all([1, 2].map(() => apiKeys.create(named("c"), { ...pair, secretId: "AKIDsame" })));
    expect(same.filter(({ created }) => created)).toHaveLength(1);
  });

  it("is not found after its deletion", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    await apiKeys.create(named("a"), pair);
    expect(await apiKeys.secretOf(pair.secretId)).not.toBeNull();
    expect(await apiKeys.delete(pair.secretId)).toBe(true);
    expect(await apiKeys.secretOf(pair.secretId)).toBeNull();
    expect(await apiKeys.get(pair.secretId)).toBeNull();
    expect(await apiKeys.delete(pair.secretId)).toBe(false);
  });

  it("that is deleted while it is replaced stays deleted", async () => {
    const store = new MemoryStore({ clock });
    const apiKeys = apiKeysOf(store);
    const { apiKey } = await apiKeys.create(named("a"), pair);
    const write = store.entries.put.bind(store.entries);
    store.entries.put = async (...given) => {
      store.entries.put = write;
      await apiKeys.delete(apiKey.id);
      return write(...given);
    };
    const replacement = await apiKeys.rotate(apiKey.id, 1_700_000_000_000, 60_000);
    expect(await apiKeys.get(apiKey.id)).toBeNull();
    expect(await apiKeys.get(replacement?.apiKey.id ?? "")).not.toBeNull();
  });

  it("is not found by a text that cannot be a SecretId", async () => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    for (const id of ["", "AKID", "__proto__", `AKID${"x".repeat(61)}`, "AKID\0", "akidxxxxxxxx", "AKIDé"]) {
      expect([await apiKeys.secretOf(id), await apiKeys.get(id), await apiKeys.delete(id)]).toEqual([
        null,
        null,
        false,
      ]);
    }
  });

  it("is stored encrypted, and cannot be passed off as another API key or as a key", async () => {
    const store = new MemoryStore({ clock });
    const apiKeys = apiKeysOf(store);
    await apiKeys.create(named("a"), pair);
    const account = store.catalog.defaultAccount().id;
    const value = (await store.entries.get(account, "@api-key", pair.secretId))?.value as { sealed: string };
    expect(JSON.stringify(value)).not.toContain(pair.secretKey);
    expect(JSON.stringify(value)).not.toContain(Buffer.from(pair.secretKey).toString("base64url"));
    await store.entries.put(account, "@api-key", "AKIDanother", value);
    await store.entries.put(account, "key", pair.secretId, { kty: "oct", crv: null, bits: 256, sealed: value.sealed });
    expect(await apiKeys.secretOf("AKIDanother")).toBeNull();
    const options = { store, accountId: account, masterKeys: [first], failed: () => {}, clock, randomBytes };
    const keys = new AccountKeys(options);
    expect(await keys.find(pair.secretId)).toBeNull();
    expect(apiKeys.failures).toHaveLength(1);
    expect(String(apiKeys.failures)).not.toContain(pair.secretKey);
  });

  it("needs a master key, opens with the one that sealed it, and is sealed with the first when it is put again", async () => {
    const store = new MemoryStore({ clock });
    await expect(apiKeysOf(store, []).create(named("a"), null)).rejects.toMatchObject({ code: "master_key_missing" });
    await apiKeysOf(store).create(named("a"), pair);
    const without = apiKeysOf(store, [second]);
    expect(await without.secretOf(pair.secretId)).toBeNull();
    expect(await without.get(pair.secretId)).toMatchObject({ usable: false });
    expect(await without.unusable()).toEqual([pair.secretId]);
    await expect(without.create(named("a"), pair)).rejects.toMatchObject({ code: "api_key_exists" });
    await apiKeysOf(store, [second, first]).put(named("a"), pair);
    expect(text(await without.secretOf(pair.secretId))).toBe(pair.secretKey);
    expect([without.failures, await without.unusable()]).toEqual([[], []]);
  });

  it.each<[string, { name?: string; secretId?: string; secretKey?: string }, string, string]>([
    ["no name", { name: "" }, "invalid_name", "name"],
    ["a name too long", { name: "x".repeat(65) }, "invalid_name", "name"],
    ["a name with a line break", { name: "a\nb" }, "invalid_name", "name"],
    ["an id of another kind", { secretId: "LTAI1234567890" }, "invalid_key", "secretId"],
    ["an id too long", { secretId: `AKID${"x".repeat(61)}` }, "invalid_key", "secretId"],
    ["an id with a slash", { secretId: "AKIDa/b" }, "invalid_key", "secretId"],
    ["a key too short", { secretKey: "secret-of-15-ch" }, "invalid_key", "secretKey"],
    ["a key too long", { secretKey: "x".repeat(129) }, "invalid_key", "secretKey"],
    ["a key with a space", { secretKey: "secret secret secret" }, "invalid_key", "secretKey"],
    ["a key of other letters", { secretKey: "s\u00e9crets\u00e9crets\u00e9cret" }, "invalid_key", "secretKey"],
  ])("with %s is refused without showing it", async (_what, { name = "a", ...wrong }, code, field) => {
    const apiKeys = apiKeysOf(new MemoryStore({ clock }));
    const refusal = await apiKeys.create(named(name), { ...pair, ...wrong }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code, details: [{ field }] });
    const text = JSON.stringify([refusal, (refusal as Error).message]);
    for (const value of Object.values({ ...pair, ...wrong })) expect(text).not.toContain(value);
    expect((await apiKeys.list({ after: null, limit: 10 })).items).toEqual([]);
  });
});
