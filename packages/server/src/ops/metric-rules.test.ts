/** Real: all metrics of the server, and of prom-client. Faked: what they are about. */
import { describe, expect, it } from "vitest";
import { describedMetrics } from "./metrics.ts";
import { metricFaults } from "./testing/metric-rules.ts";

describe("the rules for metrics", () => {
  it.each([
    ["# TYPE a_total counter\na_total 1", "no help"],
    ["# HELP a_total x\na_total 1", "no type"],
    ["# HELP a x\n# TYPE a counter\na 1", "_total"],
    ["# HELP a_total x\n# TYPE a_total gauge\na_total 1", "_total"],
    ["# HELP a_count x\n# TYPE a_count gauge\na_count 1", "reserved"],
    ['# HELP a x\n# TYPE a gauge\na{le="1"} 1', "reserved"],
    ["# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1", "type is in the name"],
    ["# HELP aB x\n# TYPE aB gauge\naB 1", "snake_case"],
    ['# HELP a x\n# TYPE a gauge\na{messageId="1"} 1', "snake_case"],
    ["# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1", "abbreviated"],
    ["# HELP a_milliseconds x\n# TYPE a_milliseconds gauge\na_milliseconds 1", "base unit"],
    ['# HELP a x\n# TYPE a gauge\na{b="1"} 1\na{b="1"} 2', "two such series"],
  ])("find a fault in %j", (text, fault) => {
    expect(metricFaults(text).join()).toContain(fault);
  });

  it("find no fault in a good metric", () => {
    const text =
      '# HELP a_seconds x\n# TYPE a_seconds histogram\na_seconds_bucket{le="1"} 1\na_seconds_sum 1\na_seconds_count 1';
    expect(metricFaults(text)).toEqual([]);
  });

  it("find no fault in the metrics of the server", () => {
    const texts = describedMetrics().map(({ name, help, type }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`);
    expect(texts.length).toBeGreaterThan(20);
    expect(metricFaults(texts.join(""))).toEqual([]);
  });
});
