import { readFileSync } from "node:fs";
import { assert, constantFrom, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { accentColours, backgrounds, contrast } from "./colour.ts";

test("contrast is that of WCAG 2", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
});

test("any accent can be read on every background, and text on the accent", () => {
  const colour = integer({ min: 0, max: 0xffffff }).map((n) => `#${n.toString(16).padStart(6, "0")}`);
  assert(
    property(colour, constantFrom("light" as const, "dark" as const), (given, theme) => {
      const { accent, onAccent, tint } = accentColours(given, theme);
      for (const other of [onAccent, tint, ...Object.values(backgrounds[theme])]) {
        expect(contrast(accent, other)).toBeGreaterThanOrEqual(4.5);
      }
    }),
  );
});

test("an accent that can be read stays as it is", () => {
  expect(accentColours("#1f5fbf", "light").accent).toBe("#1f5fbf");
});

test("the backgrounds are those of the tokens", () => {
  const [light = "", dark = ""] = readFileSync(new URL("../app/tokens.css", import.meta.url), "utf8").split(
    ':root[data-theme="dark"] {',
  );
  for (const [css, { paper, surface }] of [
    [light, backgrounds.light],
    [dark, backgrounds.dark],
  ] as const) {
    expect(css).toContain(`--paper: ${paper};`);
    expect(css).toContain(`--surface: ${surface};`);
  }
});
