import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellText, fit, tableLines, widthOf } from "./text-table.ts";

const plain = (_colour: string, text: string) => text;
const columns = ["name", "url"].map((name) => ({ heading: name.toUpperCase(), paths: [name] }));

describe("tables", () => {
  it("align their columns, wide characters included, and leave out empty columns", () => {
    const items = [
      { name: "订单", url: null },
      { name: "a", url: "" },
    ];
    const more = [
      { name: "订单", url: "x" },
      { name: "a", url: "y" },
    ];
    const options = { widthMax: null, heading: true };
    expect(tableLines(columns, items, plain, options)).toEqual(["NAME", "订单", "a"]);
    expect(tableLines(columns, more, plain, options)).toEqual(["NAME  URL", "订单  x", "a     y"]);
  });

  it("fit the terminal, whatever they show", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ name: fc.string({ unit: "binary" }), url: fc.string() })),
        fc.integer({ min: 20, max: 60 }),
        (items, widthMax) => {
          const lines = tableLines(columns, items, plain, { widthMax, heading: true });
          expect(lines).toHaveLength(items.length + 1);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(widthMax);
        },
      ),
    );
  });

  it("show control characters harmlessly, and times without milliseconds", () => {
    expect(cellText("a\u001b[2Jb\n")).toBe(String.raw`a\u001b[2Jb\u000a`);
    expect(cellText("2026-11-30T21:06:40.171Z")).toBe("2026-11-30T21:06:40Z");
    expect([cellText(null), cellText(["a", 1]), cellText(1.25), cellText({ a: 1 })]).toEqual([
      "",
      "a,1",
      "1.3",
      '{"a":1}',
    ]);
    expect(fit("订单订单", 5)).toBe("订单…");
  });
});
