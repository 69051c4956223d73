import { describe, expect, it } from "vitest";
import { parsePrometheus } from "./prometheus.ts";

describe("parsePrometheus", () => {
  it("reads plain samples and omits comments, buckets and values that are not numbers", () => {
    const page = [
      "# HELP x_total Things.",
      "# TYPE x_total counter",
      "x_total 12",
      'y{outcome="accepted",why="a } b"} 3.5e2',
      'z_bucket{le="0.1"} 4',
      "z_count 5",
      "n NaN",
      "",
    ].join("\n");
    expect(parsePrometheus(page)).toEqual({ x_total: 12, 'y{outcome="accepted",why="a } b"}': 350, z_count: 5 });
  });
});
