import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { loadConfig } from "./config.ts";
import { configurationReference } from "./reference.ts";
import { settingKeys, settings } from "./settings.ts";

it("is what docs/reference/configuration.md says (npm run generate writes it)", () => {
  const committed = new URL("../../../../docs/reference/configuration.md", import.meta.url);
  expect(readFileSync(committed, "utf8")).toBe(configurationReference());
});

it("shows an example that the server accepts", () => {
  const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(configurationReference()) ?? [];
  const config = loadConfig({ flags: { config: "ringback.yaml" }, env: {}, readFile: () => example });
  expect(config.declared.map(({ topic }) => topic)).toEqual(["MyTopic"]);
});

it("tells each default as a person would write it", () => {
  for (const key of settingKeys) {
    const { default: fallback, defaultText, read } = settings[key];
    if (key === "allowPrivateNetworks" || key === "allowedAddresses") continue;
    expect(read(defaultText)).toEqual(fallback);
  }
});
