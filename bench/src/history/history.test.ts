import { expect, it } from "vitest";
import { type Run, runOf, withRun } from "./history.ts";
import { page } from "./page.ts";

const report = {
  startedAt: "2026-01-31T02:17:00.000Z",
  machine: { cpu: "A <fast> CPU" },
  results: [
    {
      scenario: "publish-one",
      figures: [
        { name: "CPU", value: 2.5, unit: "×", atMost: 3 },
        { name: "information", value: 1, unit: "ms" },
        { name: "not computed", value: null, unit: "%", atLeast: 90 },
      ],
    },
  ],
} as unknown as Parameters<typeof runOf>[0];
const run = (commit: string): Run => runOf(report, commit);

it("keeps the figures that have a target", () => {
  expect(run("a1").figures).toEqual([
    { name: "publish-one: CPU", value: 2.5, unit: "×", atMost: 3 },
    { name: "publish-one: not computed", value: null, unit: "%", atLeast: 90 },
  ]);
});

it("has one run per commit, the newest last, for two years of nights", () => {
  const twice = withRun(withRun(withRun([], run("a1")), run("b2")), run("a1"));
  expect(twice.map(({ commit }) => commit)).toEqual(["b2", "a1"]);
  const many = Array.from({ length: 800 }, (_, index) => run(`c${index}`));
  expect(withRun(many, run("d")).length).toBe(730);
});

it("shows each figure with its target, and marks the missed ones", () => {
  const html = page([run("a1"), run("b2")]);
  expect(html).toContain("A &lt;fast> CPU");
  expect(html).toContain("<p>2.50 × (target ≤ 3.00)</p>");
  expect(html).toContain('<p class="missed">? % (target ≥ 90.0)</p>');
  expect(html.match(/<polyline points="[\d.]+,[\d.]+ [\d.]+,[\d.]+"/g)).toHaveLength(1);
  expect(page([])).toContain("0 runs");
});
