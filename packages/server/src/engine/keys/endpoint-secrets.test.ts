import { describe, expect, it } from "vitest";
import type { SealedText } from "../../domain/endpoint-access.ts";
import type { PushSettings } from "../../domain/model.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { plainPush, plainSubscription, plainTopic } from "../testing/plain-settings.ts";
import { EndpointSecrets, subscriptionOwner } from "./endpoint-secrets.ts";
import { withUnusableSecrets } from "./stored-secrets.ts";

const first = Buffer.alloc(32, 1).toString("base64url");
const second = Buffer.alloc(32, 2).toString("base64url");
const owner = subscriptionOwner({ topic: "orders", name: "mail" });
const clock = clockAt(() => 1_700_000_000_000);
const secret = "Bearer 7f3a-secret";

function headersOf(masterKeys: readonly string[] = [first]) {
  const failures: unknown[] = [];
  return Object.assign(new EndpointSecrets({ clock, masterKeys, failed: (...failure) => failures.push(failure) }), {
    failures,
  });
}

const withHeaders = (headers: PushSettings["headers"]): PushSettings => ({
  ...plainPush,
  url: "http://127.0.0.1:9/",
  headers,
});
const given = withHeaders({ Authorization: secret, "X-Empty": "" });

describe("push headers", () => {
  it("are opened as they were given, and their sealed form contains neither the value nor its base64 forms", async () => {
    const headers = headersOf();
    const sealed = await headers.seal(owner, given, null);
    expect(Object.keys(sealed.headers)).toEqual(["Authorization", "X-Empty"]);
    const text = JSON.stringify(sealed);
    for (const encoding of ["utf8", "base64", "base64url", "hex"] as const) {
      expect(text).not.toContain(Buffer.from(secret).toString(encoding));
    }
    const restored = JSON.parse(text) as PushSettings;
    expect((await headersOf().open(owner, restored))?.headers).toEqual(["Authorization", secret, "X-Empty", ""]);
  });

  it("keep a name that objects treat in a special way", async () => {
    const sealed = await headersOf().seal(owner, withHeaders(JSON.parse('{"__proto__":"v"}') as {}), null);
    expect((await headersOf().open(owner, sealed))?.headers).toEqual(["__proto__", "v"]);
  });

  it("are opened once for each settings object", async () => {
    const headers = headersOf();
    const sealed = await headers.seal(owner, given, null);
    expect(await headers.open(owner, sealed)).toBe(await headers.open(owner, sealed));
  });

  it("cannot be opened as another header, or as a header of another subscription", async () => {
    const headers = headersOf();
    const { headers: sealed } = await headers.seal(owner, withHeaders({ "X-A": secret }), null);
    const value = sealed["X-A"] as SealedText;
    expect(await headers.open(owner, withHeaders({ "X-B": value }))).toBeNull();
    expect(await headers.open({ ...owner, name: "orders/other" }, withHeaders({ "X-A": value }))).toBeNull();
    expect(await headers.open({ ...owner, name: "other/mail" }, withHeaders({ "X-A": value }))).toBeNull();
    expect(headers.failures).toHaveLength(3);
    expect((await headers.open(owner, withHeaders({ "X-A": value })))?.headers).toEqual(["X-A", secret]);
  });

  it("keep their stored form while the value and the first master key stay the same", async () => {
    const before = await headersOf().seal(owner, given, null);
    expect(await headersOf().seal(owner, given, before)).toEqual(before);
    const changed = await headersOf().seal(owner, withHeaders({ ...given.headers, "X-Empty": "1" }), before);
    expect(changed.headers["Authorization"]).toEqual(before.headers["Authorization"]);
    expect((await headersOf().open(owner, changed))?.headers).toEqual(["Authorization", secret, "X-Empty", "1"]);

    const rotated = headersOf([second, first]);
    expect((await rotated.open(owner, before))?.headers).toEqual(["Authorization", secret, "X-Empty", ""]);
    const renewed = await rotated.seal(owner, given, before);
    expect((await headersOf([second]).open(owner, renewed))?.headers).toEqual(["Authorization", secret, "X-Empty", ""]);
    expect(await headersOf([first]).open(owner, renewed)).toBeNull();
  });

  it("need a master key, except when there are none to seal", async () => {
    await expect(headersOf([]).seal(owner, given, null)).rejects.toMatchObject({ code: "master_key_missing" });
    expect(await headersOf([]).seal(owner, withHeaders({}), null)).toEqual(withHeaders({}));
  });
});

it("the check at the start names subscriptions whose headers no master key opens", async () => {
  const store = new MemoryStore({ clock });
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", plainTopic);
  const settings = { ...plainSubscription, filter: { tags: [], types: [] } };
  const sealed = await headersOf([first]).seal(owner, given, null);
  for (const [name, push] of [["mail", sealed] as const, ["plain", withHeaders({})] as const]) {
    await store.catalog.putSubscription(topic.id, name, { ...settings, push }, "now");
  }
  for (const masterKeys of [[], [second]]) {
    expect(await withUnusableSecrets({ store, endpointSecrets: headersOf(masterKeys) })).toEqual(["orders/mail"]);
  }
  expect(await withUnusableSecrets({ store, endpointSecrets: headersOf([second, first]) })).toEqual([]);
});
