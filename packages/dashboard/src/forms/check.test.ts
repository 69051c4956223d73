import { describe, expect, it } from "vitest";
import { faultsOf } from "./check.ts";
import { propertiesOf, shapeNames } from "./schema.ts";
import { Unfinished } from "./values.ts";

describe("the check of a form", () => {
  it.each([
    ["a URL is missing", "SubscriptionSettings", { push: {} }, "push.url", "forms.required"],
    ["a number is too small", "TopicSettings", { retentionMs: 1 }, "retentionMs", "forms.atLeast"],
    ["a number is too large", "SubscriptionSettings", { maxInFlight: 5_000 }, "maxInFlight", "forms.atMost"],
    ["a number has a fraction", "SubscriptionSettings", { maxInFlight: 1.5 }, "maxInFlight", "forms.notWhole"],
    [
      "a number is not finished",
      "TopicSettings",
      { retentionMs: new Unfinished("1e") },
      "retentionMs",
      "forms.notNumber",
    ],
    ["JSON is not finished", "EventTypeSettings", { schema: new Unfinished("{") }, "schema", "forms.notJson"],
    ["a text is too long", "TopicSettings", { description: "x".repeat(1_001) }, "description", "forms.tooLong"],
    ["a list is empty", "HookSettings", { urls: [""] }, "urls", "forms.tooFew"],
    [
      "a list has too many",
      "SubscriptionSettings",
      { push: { url: "x", keys: ["1", "2", "3", "4", "5", "6"] } },
      "push.keys",
      "forms.tooMany",
    ],
    [
      "a delay is no number",
      "SubscriptionSettings",
      { retry: { delaysMs: ["soon"] } },
      "retry.delaysMs",
      "forms.notNumber",
    ],
    [
      "a token is wrong",
      "HookSettings",
      { urls: ["x"], auth: { type: "bearer", token: "a b" } },
      "auth.token",
      "forms.badCharacters",
    ],
  ])("finds that %s", (_what, shape, settings, path, key) => {
    expect(faultsOf(shape, settings)).toEqual([expect.objectContaining({ path, key })]);
  });

  it.each([
    ["TopicSettings", {}],
    ["SubscriptionSettings", { pull: {}, disableAfterMs: null, rate: null }],
    ["SubscriptionSettings", { push: { url: "http://a", auth: { type: "basic", username: "u", password: null } } }],
    ["SubscriptionSettings", { retry: { baseMs: 5, jitter: "full" }, start: { at: "2026-01-01T00:00:00Z" } }],
  ])("finds nothing in good %s", (shape, settings) => {
    expect(faultsOf(shape, settings)).toEqual([]);
  });
});

describe("the properties of the shapes", () => {
  it("have a kind that the form can draw", () => {
    const kinds = Object.fromEntries(
      propertiesOf("SubscriptionSettings").map(({ name, kind, variants }) => [name, [kind, variants.length]]),
    );
    expect(kinds).toMatchObject({
      push: ["group", 0],
      filter: ["group", 0],
      retry: ["variants", 6],
      order: ["choice", 0],
      rate: ["variants", 1],
      disableAfterMs: ["number", 0],
      labels: ["map", 0],
      start: ["variants", 4],
    });
    const [schema, example] = propertiesOf("EventTypeSettings").slice(1, 3);
    expect([schema?.kind, example?.kind]).toEqual(["json", "json"]);
  });

  it("have a description, or an enclosing one", () => {
    const silent = shapeNames().flatMap((shape) => propertiesOf(shape).filter(({ description }) => description === ""));
    // Fewer is better: these names say enough.
    expect(silent.map(({ shape, name }) => `${shape}.${name}`)).toEqual([
      "BasicAuthSettings.username",
      "BreakerSettings.failures",
      "BreakerSettings.probeMs",
      "OAuth2Settings.clientId",
      "SubscriptionSettings.filter",
    ]);
  });
});
