/**
 * Real: the files of `deploy/`, Prometheus' grammar of PromQL, two servers with traffic and their `/metrics`. Nothing
 * is faked. The test does not evaluate the expressions: it compares their metrics and labels with the series.
 */
import { readFileSync } from "node:fs";
import { parser } from "@prometheus-io/lezer-promql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { startServerInProcess } from "./harness/server.ts";
import { until } from "./harness/until.ts";

interface Query {
  readonly of: string;
  readonly expr: string;
}

const textOf = (path: string): string => readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), "utf8");

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}
interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

const { panels } = JSON.parse(textOf("grafana/ringback.json")) as Dashboard;
const { groups } = parse(textOf("prometheus/alerts.yaml")) as Rules;
const queries: readonly Query[] = [
  ...panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ of: title, expr: expr.replaceAll("$__rate_interval", "5m") })),
  ),
  ...groups.flatMap(({ rules }) => rules.map(({ alert, expr }) => ({ of: alert, expr }))),
];

/** A selected metric, its matchers, and all labels by which the expression groups. */
interface Used {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly op: string; readonly value: string }[];
}

function usedBy(expr: string): { readonly used: readonly Used[]; readonly grouped: readonly string[] } {
  const used: { metric: string; matchers: Used["matchers"][number][] }[] = [];
  const grouped: string[] = [];
  const tree = parser.parse(expr);
  tree.iterate({
    enter({ name, from, to, node, type }) {
      const text = expr.slice(from, to);
      if (type.isError) throw new Error(`the expression has a fault at ${from}: ${expr}`);
      if (name === "Identifier" && node.parent?.name === "VectorSelector") used.push({ metric: text, matchers: [] });
      else if (name === "UnquotedLabelMatcher") {
        const [, label = "", op = "", value = ""] = /^\s*(\w+)\s*(=~|!~|!=|=)\s*"(.*)"\s*$/.exec(text) ?? [];
        used.at(-1)?.matchers.push({ label, op, value });
      } else if (name === "LabelName" && node.parent?.name === "GroupingLabels") grouped.push(text);
    },
  });
  return { used, grouped };
}

type Series = ReadonlyMap<string, readonly Readonly<Record<string, string>>[]>;

function seriesOf(text: string): Series {
  const series = new Map<string, Record<string, string>[]>();
  for (const line of text.split("\n")) {
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (name === undefined) continue;
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", value = ""]) => [
      label,
      value,
    ]);
    series.set(name, [...(series.get(name) ?? []), Object.fromEntries(pairs) as Record<string, string>]);
  }
  return series;
}

const started = new AsyncDisposableStack();
const scraped = new Map<string, string>();

beforeAll(async () => {
  const database = await PostgresServer.start();
  started.defer(() => database.stop());
  await database.query("CREATE DATABASE dashboards");
  scraped.set("SQLite", await metricsAfterTraffic([]));
  scraped.set("PostgreSQL", await metricsAfterTraffic(["--database", database.url("dashboards")]));
});
afterAll(() => started.disposeAsync());

/** Delivers a message, gives one up, and leaves one to be retried. */
async function metricsAfterTraffic(args: readonly string[]): Promise<string> {
  const { path } = started.use(await temporaryFolder());
  const { api, url } = started.use(await startServerInProcess({ folder: path, args }));
  const receiver = started.use(await startReceiver(({ path: at }) => (at === "/well" ? 200 : 500)));
  await api.putTopic("orders");
  const subscribe = (name: string, retry: unknown) =>
    api.subscribe("orders", name, { push: { url: `${receiver.url}/${name}` }, retry });
  await subscribe("well", "none");
  await subscribe("dead", "none");
  await subscribe("parked", { delaysMs: [3_600_000] });
  await api.publish("orders", { body: "x" });
  await until(
    "it is given up",
    () => api.counts("orders", "dead"),
    ({ deadLetters }) => deadLetters === 1,
  );
  await until(
    "it is parked",
    () => api.counts("orders", "parked"),
    ({ parked }) => parked === 1,
  );
  return (await fetch(`${url}/metrics`)).text();
}

/** Labels and metrics that Prometheus itself adds. */
const ofPrometheus = new Set(["instance", "job", "up"]);
/** A matcher of these labels needs an unusual cause. */
const rareLabels = new Set(["status"]);
const ofPostgresOnly = /^ringback_database_/;

function faultsOf({ expr }: Query, series: Series): string[] {
  const { used, grouped } = usedBy(expr);
  const faults: string[] = [];
  for (const { metric, matchers } of used) {
    if (ofPrometheus.has(metric)) continue;
    const found = series.get(metric) ?? [];
    if (found.length === 0) faults.push(`${metric} has no series`);
    const labels = new Set(found.flatMap((each) => Object.keys(each)));
    for (const label of [...grouped, ...matchers.map((matcher) => matcher.label)])
      if (!labels.has(label) && !ofPrometheus.has(label)) faults.push(`${metric} has no label ${label}`);
    const selected = found.filter((each) =>
      matchers.every(({ label, op, value }) => {
        if (rareLabels.has(label)) return true;
        const actual = each[label] ?? "";
        const isMatch = op.includes("~") ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
        return op.startsWith("!") ? !isMatch : isMatch;
      }),
    );
    if (selected.length === 0) faults.push(`${metric} has no series for ${JSON.stringify(matchers)}`);
  }
  return faults;
}

describe.each(["SQLite", "PostgreSQL"])("on a server with %s", (driver) => {
  it.each(queries)("$of has its metrics and labels", (query) => {
    const { used } = usedBy(query.expr);
    expect(used).not.toEqual([]);
    if (driver === "SQLite" && used.every(({ metric }) => ofPostgresOnly.test(metric))) return;
    if (driver === "PostgreSQL" && used.some(({ metric }) => metric.startsWith("ringback_disk_"))) return;
    expect(faultsOf(query, seriesOf(scraped.get(driver) ?? ""))).toEqual([]);
  });
});

it("the check finds an unknown metric, an unknown label, and an expression with a fault", () => {
  const series = seriesOf('a_total{b="c"} 1\n');
  const of = "test";
  expect(faultsOf({ of, expr: 'sum by (b) (rate(a_total{b="c"}[5m])) > 0' }, series)).toEqual([]);
  expect(faultsOf({ of, expr: "other_total" }, series)).toContain("other_total has no series");
  expect(faultsOf({ of, expr: "sum by (d) (a_total)" }, series)).toEqual(["a_total has no label d"]);
  expect(faultsOf({ of, expr: 'a_total{b="x"}' }, series)).toHaveLength(1);
  expect(() => faultsOf({ of, expr: "sum by (b (a_total)" }, series)).toThrow("fault");
});
