import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadConfig } from "./config.ts";
import { configurationReference } from "./reference.ts";
import { settingKeys, settings } from "./settings.ts";

it("is equal to docs/reference/configuration.md (npm run generate writes it)", () => {
  const committed = new URL("../../../../docs/reference/configuration.md", import.meta.url);
  expect(readFileSync(committed, "utf8")).toBe(configurationReference());
});

it("shows examples that the server accepts", () => {
  const examples = configurationReference().matchAll(/```yaml\n([\s\S]*?)```/g);
  const configs = Array.from(examples, ([, example = ""]) =>
    loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => example }),
  );
  expect(configs.flatMap(({ declared }) => declared.topics.map(({ name }) => name))).toEqual(["MyTopic"]);
  expect(configs.flatMap(({ declared }) => declared.inboxes.map(({ name }) => name))).toEqual(["arrivals"]);
  const hooks = configs.flatMap(({ declared }) => declared.hooks.map(({ name }) => name));
  expect(hooks).toEqual(["onMessage", "card"]);
  expect(configs.flatMap(({ declared }) => declared.keys.map(({ name }) => name))).toEqual(["0"]);
});

it("shows each default as an operator would write it", () => {
  for (const key of settingKeys) {
    const { default: fallback, defaultText, read } = settings[key];
    if (key === "allowPrivateNetworks" || defaultText === "none") continue;
    expect(read(defaultText)).toEqual(fallback);
  }
});
