import { describe, expect, it } from "vitest";
import { createText } from "../language/text.ts";
import en from "../language/en.json" with { type: "json" };
import zh from "../language/zh.json" with { type: "json" };
import { choicesOf, settingsWithChoices } from "./choices.ts";
import { propertiesOf, shapeNames, type Property } from "./schema.ts";
import { helpOf, shownValue, summaryOf, unitText } from "./sentences.ts";

const properties = shapeNames().flatMap(propertiesOf);
const languages = { en, zh } as Readonly<Record<string, Readonly<Record<string, string>>>>;
const [english, chinese] = [createText("en", en), createText("zh", zh)];

function find(shape: string, name: string): Property {
  const property = propertiesOf(shape).find((other) => other.name === name);
  if (property === undefined) throw new Error(`${shape} has no ${name}`);
  return property;
}

describe.each(["en", "zh"])("the sentences of forms in %s", (language) => {
  const sentences = languages[language] ?? {};

  it("name every setting", () => {
    expect(properties.map(({ name }) => `label.${name}`).filter((key) => !(key in sentences))).toEqual([]);
  });

  it("name every kind of value", () => {
    const names = properties.flatMap(({ variants }) => (variants.length < 2 ? [] : variants.map(({ name }) => name)));
    expect(names.map((name) => `variant.${name}`).filter((key) => !(key in sentences))).toEqual([]);
  });

  it("explain every protocol", () => {
    const names = settingsWithChoices.flatMap((setting) => {
      const [shape = "", name = ""] = setting.split(".");
      return choicesOf(shape, name) ?? [];
    });
    expect(names.map((name) => `protocol.${name}`).filter((key) => !(key in sentences))).toEqual([]);
  });
});

it("explains every setting in Chinese, and none that does not exist", () => {
  const described = properties.filter(({ description }) => description !== "");
  const keys = described.map(({ shape, name }) => `field.${shape}.${name}`);
  expect(keys.filter((key) => !(key in zh))).toEqual([]);
});

it.each(settingsWithChoices)("offers the words of the API for %s", (setting) => {
  const [shape = "", name = ""] = setting.split(".");
  const listed = /: ([\w-]+(?:, [\w-]+)*)\.$/.exec(find(shape, name).description)?.[1]?.split(", ");
  expect([...(choicesOf(shape, name) ?? [])].sort()).toEqual(listed?.toSorted());
});

it("explains a setting and its default", () => {
  const retention = find("TopicSettings", "retentionMs");
  expect(helpOf(retention, english)).toBe(
    "How long a message is kept, delivered or not, in milliseconds. Default: 604800000 (7 d).",
  );
  expect(helpOf(retention, chinese)).toBe("消息保留的时间（毫秒），无论是否已投递。 默认：604800000 (7 d)。");
  expect(helpOf(find("AccountLimitsSettings", "topicsMax"), english)).toMatch(/ Default: none\.$/);
});

it.each([
  ["retentionMs", 90_000, "1 min 30 s"],
  ["bodyBytesMax", 1_048_576, "1 MB"],
  ["delaysMs", [1_000, 5_000], "1 s, 5 s"],
  ["maxInFlight", 64, null],
  ["topicsMax", 100_000, "100,000"],
])("writes %s %s as people do", (name, value, shown) => {
  expect(unitText(name, value, english)).toBe(shown);
});

it("writes values and what is set in a group", () => {
  expect(shownValue("rate", null, english)).toBe("None");
  expect(summaryOf({ types: ["invoice.*"], where: null })).toBe("types: [invoice.*]");
  expect(summaryOf(undefined)).toBe("");
});
