import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import en from "../language/en.json" with { type: "json" };
import zh from "../language/zh.json" with { type: "json" };
import { createText, TextContext, type Text } from "../language/text.ts";
import { pathOf } from "./check.ts";
import { FormContext } from "./form-context.ts";
import { propertiesOf, shapeNames } from "./schema.ts";
import { SettingsForm } from "./settings-form.tsx";
import type { Settings } from "./values.ts";

const languages = { English: createText("en", en), Chinese: createText("zh", zh) } as const;

/** Every setting has an error, so that all groups are open. */
function errorsBelow(shape: string, path = ""): readonly (readonly [string, string])[] {
  return propertiesOf(shape).flatMap(({ name, groupShape, kind }) => {
    const own = pathOf(path, name);
    const inner = kind === "group" && groupShape !== null ? errorsBelow(groupShape, own) : [];
    return [[own, "wrong"] as const, ...inner];
  });
}

function markupOf(shape: string, text: Text, value: Settings): string {
  const form = createElement(SettingsForm, { shape, value, onChange: () => undefined });
  const state = { errors: new Map(errorsBelow(shape)), isEdit: true };
  const inForm = createElement(FormContext, { value: state }, form);
  return renderToStaticMarkup(createElement(TextContext, { value: text }, inForm));
}

/** The two groups that are their form's subject have no title. */
function isUntitled(name: string): boolean {
  return name === "push" || name === "pull";
}

describe.each(["English", "Chinese"] as const)("the form in %s", (language) => {
  it.each(shapeNames())("draws every setting of %s, with its name", (shape) => {
    const markup = markupOf(shape, languages[language], {});
    const names = new Set([...markup.matchAll(/<code class="[^"]*text-muted">(\w+)<\/code>/g)].map(([, name]) => name));
    const missing = propertiesOf(shape).filter(({ name }) => !names.has(name) && !isUntitled(name));
    expect(missing).toEqual([]);
  });
});

it("shows content as text", () => {
  const markup = markupOf("TopicSettings", languages.English, {
    description: '"><script>alert(1)</script>',
    labels: { "<b>": "<i>" },
  });
  expect(markup).not.toMatch(/<(?:script|b|i)>/);
});

it("draws the chosen kind of a setting that has several", () => {
  const markup = markupOf("SubscriptionSettings", languages.English, {
    retry: { baseMs: 5 },
    start: { at: "2026-01-31T08:00:00Z" },
    push: { url: "http://a", auth: { type: "oauth2", clientSecret: null } },
  });
  expect(markup).toContain("baseMs</code>");
  expect(markup).not.toContain("delaysMs</code>");
  expect(markup).toContain('value="2026-01-31T08:00:00Z"');
  expect(markup).toMatch(/placeholder="kept as it is \(secret\)"/);
});
