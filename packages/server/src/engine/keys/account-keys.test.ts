import { clockAt } from "../../domain/testing/clock-at.ts";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Jwk } from "@ringback/sdk/protocols";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { RingbackError } from "../../domain/errors.ts";
import { AccountKeys } from "./account-keys.ts";

const clock = clockAt(() => 1_700_000_000_000);
const first = Buffer.alloc(32, 1).toString("base64url");
const second = Buffer.alloc(32, 2).toString("base64url");
const secret = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" };
const other = { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" };

function keyRing(store: MemoryStore, masterKeys: readonly string[] = [first]) {
  const failures: unknown[] = [];
  const failed = (...failure: unknown[]) => void failures.push(failure);
  const accountId = store.catalog.defaultAccount().id;
  const keys = new AccountKeys({ store, accountId, masterKeys, failed, clock, randomBytes });
  return Object.assign(keys, { failures });
}

/** The stored entry of a key, as text. */
async function kept(store: MemoryStore, kid: string): Promise<string> {
  return JSON.stringify(await store.entries.get(store.catalog.defaultAccount().id, "key", kid));
}

describe("a key", () => {
  it("is returned as it was put, without unused members", async () => {
    const keys = keyRing(new MemoryStore({ clock }));
    await keys.put("0", { ...secret, kid: "another", alg: "A128KW", use: "enc", key_ops: ["wrapKey"], note: "mine" });
    expect(await keys.find("0")).toEqual({ kid: "0", jwk: secret });
  });

  it("of either kind is returned unchanged, whatever its bytes", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pair = privateKey.export({ format: "jwk" }) as Jwk;
    const keys = keyRing(new MemoryStore({ clock }));
    await keys.put("pair", pair);
    expect((await keys.find("pair"))?.jwk).toEqual({ kty: "OKP", crv: "Ed25519", x: pair.x, d: pair.d });
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 128 }), async (bytes) => {
        const jwk = { kty: "oct", k: Buffer.from(bytes).toString("base64url") };
        const { key } = await keys.put("any", jwk);
        expect(key).toMatchObject({ kty: "oct", crv: null, bits: bytes.length * 8, usable: true });
        expect((await keys.find("any"))?.jwk).toEqual(jwk);
      }),
      { numRuns: 50 },
    );
  });

  it("is the same object for all requests, concurrent ones too, until it is replaced", async () => {
    const keys = keyRing(new MemoryStore({ clock }));
    await keys.put("0", secret);
    const [one, two] = await Promise.all([keys.find("0"), keys.find("0")]);
    expect(one).not.toBeNull();
    expect(two).toBe(one);
    expect((await keys.put("0", secret)).created).toBe(false);
    expect(await keys.find("0")).toBe(one);
    await keys.put("0", other);
    expect((await keys.find("0"))?.jwk).toEqual(other);
  });

  it("is stored encrypted", async () => {
    const store = new MemoryStore({ clock });
    await keyRing(store).put("0", secret);
    const text = await kept(store, "0");
    expect(text).not.toContain(secret.k);
    expect(text).not.toContain("0123456789abcdef");
    expect(text).toMatch(/"sealed":"[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+"/);
  });

  it("that was never put, or was deleted, is not found", async () => {
    const keys = keyRing(new MemoryStore({ clock }));
    expect(await keys.find("0")).toBeNull();
    expect(await keys.get("0")).toBeNull();
    expect(await keys.delete("0")).toBe(false);
    await keys.put("0", secret);
    expect(await keys.delete("0")).toBe(true);
    expect(await keys.find("0")).toBeNull();
  });
});

describe("master keys", () => {
  it("are required to store a key, and the error says what to set", async () => {
    const refused = keyRing(new MemoryStore({ clock }), []).put("0", secret);
    await expect(refused).rejects.toMatchObject({ code: "master_key_missing" });
    await expect(refused).rejects.toThrow(/RINGBACK_MASTER_KEY/);
  });

  it("each open what they have sealed, and the first one seals", async () => {
    const store = new MemoryStore({ clock });
    await keyRing(store, [first]).put("old", secret);
    const both = keyRing(store, [second, first]);
    expect((await both.find("old"))?.jwk).toEqual(secret);
    await both.put("new", other);
    expect(await keyRing(store, [first]).find("new")).toBeNull();
    expect((await keyRing(store, [second]).find("new"))?.jwk).toEqual(other);
  });

  it("can be replaced once every key has been put again", async () => {
    const store = new MemoryStore({ clock });
    await keyRing(store, [first]).put("0", secret);
    await keyRing(store, [second, first]).put("0", secret);
    const after = keyRing(store, [second]);
    expect((await after.find("0"))?.jwk).toEqual(secret);
    expect(await after.unusable()).toEqual([]);
  });

  it("that are missing make their keys unusable, without an error of the server", async () => {
    const store = new MemoryStore({ clock });
    await keyRing(store, [first]).put("a", secret);
    await keyRing(store, [second]).put("b", secret);
    const keys = keyRing(store, [second]);
    expect(await keys.unusable()).toEqual(["a"]);
    expect(await keys.find("a")).toBeNull();
    expect(await keys.get("a")).toMatchObject({ kid: "a", usable: false });
    expect(await keyRing(store, []).unusable()).toEqual(["a", "b"]);
    expect(keys.failures).toEqual([]);
    await keys.put("a", other);
    expect((await keys.find("a"))?.jwk).toEqual(other);
  });

  it("open neither damaged keys nor keys stored under another name, and the error contains no key", async () => {
    const store = new MemoryStore({ clock });
    const keys = keyRing(store);
    await keys.put("a", secret);
    const account = store.catalog.defaultAccount().id;
    const value = (await store.entries.get(account, "key", "a"))?.value as { sealed: string };
    const parts = value.sealed.split(".");
    const damaged = [
      ...parts.slice(0, 3),
      `${parts[3]?.startsWith("A") === true ? "B" : "A"}${parts[3]?.slice(1)}`,
      parts[4],
    ];
    await store.entries.put(account, "key", "renamed", value);
    await store.entries.put(account, "key", "damaged", { ...value, sealed: damaged.join(".") });
    await store.entries.put(account, "key", "nonsense", { ...value, sealed: "nonsense" });
    for (const kid of ["renamed", "damaged", "nonsense"]) expect(await keys.find(kid)).toBeNull();
    expect(keys.failures).toMatchObject([
      [expect.any(Error), "renamed"],
      [expect.any(Error), "damaged"],
    ]);
    expect(String(keys.failures.flat())).not.toContain(secret.k);
  });
});

const oct = (bytes: number) => Buffer.alloc(bytes, 9).toString("base64url");

describe("a key that cannot be used is refused without showing it:", () => {
  const pair = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }) as Jwk & { x: string; d: string };
  const foreign = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });

  it.each<[string, Jwk, string]>([
    ["another type", { kty: "RSA", n: "AQAB" }, "jwk.kty: must be"],
    ["a secret that is not there", { kty: "oct" }, "jwk.k: is missing"],
    ["a secret that is too short", { kty: "oct", k: oct(15) }, "jwk.k: must be 16 to 128 bytes, not 15"],
    ["a secret that is too long", { kty: "oct", k: oct(129) }, "jwk.k: must be 16 to 128 bytes, not 129"],
    ["padding", { kty: "oct", k: `${oct(16)}==` }, "jwk.k: must be base64url without padding"],
    ["the other alphabet", { kty: "oct", k: "++++++++++++++++++++++" }, "jwk.k: must be base64url"],
    ["a last character that says too much", { kty: "oct", k: `${"A".repeat(21)}B` }, "jwk.k: must be base64url"],
    ["another curve", { ...pair, crv: "X25519" }, "jwk.crv: must be"],
    ["a public key alone", { kty: "OKP", crv: "Ed25519", x: pair.x }, "jwk.d: is missing"],
    ["a private key of another length", { ...pair, d: oct(31) }, "jwk.d: must be 32 bytes, not 31"],
    ["halves of two keys", { ...pair, x: foreign.x ?? "" }, "jwk.x: is not the public key that belongs to d"],
  ])("%s", async (_what, jwk, sentence) => {
    const store = new MemoryStore({ clock });
    const refusal = await keyRing(store)
      .put("0", jwk)
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RingbackError);
    expect(refusal).toMatchObject({ code: "invalid_key", message: expect.stringContaining(sentence) });
    const text = JSON.stringify([refusal, (refusal as Error).message]);
    for (const value of [jwk.k, jwk.d]) expect(text.includes(value ?? "nothing of the kind")).toBe(false);
    expect(await kept(store, "0")).toBe("null");
  });
});

describe("all keys that sign under one name", () => {
  it("are the key and the replaced keys within their overlap, the newest first", async () => {
    let nowMs = 1_700_000_000_000;
    const store = new MemoryStore({ clock });
    const accountId = store.catalog.defaultAccount().id;
    const options = { store, accountId, masterKeys: [first], failed: () => {}, randomBytes };
    const keys = new AccountKeys({ ...options, clock: clockAt(() => nowMs) });
    const third = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA" };
    expect(await keys.findAll("k")).toEqual([]);
    await keys.put("k", secret);
    await keys.rotate("k", other, 2_000);
    await keys.rotate("k", third, 1_000);
    const found = async () => (await keys.findAll("k")).map(({ jwk }) => jwk);
    expect(await found()).toEqual([third, other, secret]);
    expect(await keys.find("k")).toEqual({ kid: "k", jwk: third });
    nowMs += 1_000;
    expect(await found()).toEqual([third, secret]);
    nowMs += 1_000;
    expect(await found()).toEqual([third]);
    expect(await kept(store, "k")).not.toContain(secret.k);
  });

  it("are the same objects until the key changes, because imported keys are cached per object", async () => {
    const keys = keyRing(new MemoryStore({ clock }));
    await keys.put("k", secret);
    await keys.rotate("k", other, 1_000);
    const [before, again] = [await keys.findAll("k"), await keys.findAll("k")];
    expect(before).toHaveLength(2);
    for (const [index, key] of before.entries()) expect(again[index]).toBe(key);
  });

  it("leave out a key that no configured master key opens", async () => {
    const store = new MemoryStore({ clock });
    await keyRing(store, [first]).put("k", secret);
    await keyRing(store, [second, first]).rotate("k", other, 1_000);
    expect((await keyRing(store, [second]).findAll("k")).map(({ jwk }) => jwk)).toEqual([other]);
    expect((await keyRing(store, [first]).findAll("k")).map(({ jwk }) => jwk)).toEqual([secret]);
  });
});
