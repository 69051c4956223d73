/**
 * Real: the files of the chart that are not templates, the alert rules, and the server's parser of configuration. The
 * templates are rendered by Helm in `npm run test:deploy`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { loadConfig } from "../src/config/config.ts";

const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");

interface Schema {
  readonly $schema: string;
  readonly properties: object;
}
interface Values {
  readonly config?: object;
}
const defaults = parse(textOf("deploy/chart/values.yaml")) as Values;
const files = readdirSync(new URL("deploy/chart/ci/", root)).map((name) => ({
  name,
  values: parse(textOf(`deploy/chart/ci/${name}`)) as Values,
}));

describe("deploy/chart", () => {
  it("describes every value in the schema, and the schema accepts the defaults and the examples", () => {
    const { $schema, ...schema } = JSON.parse(textOf("deploy/chart/values.schema.json")) as Schema;
    expect($schema).toContain("draft-07");
    expect(Object.keys(schema.properties).filter((name) => name !== "global")).toEqual(Object.keys(defaults));
    const validate = new Ajv({ strict: false }).compile(schema);
    for (const { name, values } of [{ name: "values.yaml", values: defaults }, ...files]) {
      validate(values);
      expect([name, validate.errors]).toEqual([name, null]);
    }
  });

  it("gives the server settings that exist", () => {
    for (const { config = {} } of [defaults, ...files.map(({ values }) => values)]) {
      const env = { RINGBACK_CONFIG: "ringback.yaml", RINGBACK_LISTEN: "0.0.0.0:8000" };
      const { listen } = loadConfig({ flags: {}, env, readFile: () => stringify(config) });
      expect(listen.port).toBe(8000);
    }
  });

  it("has the alert rules of deploy/prometheus", () => {
    expect(textOf("deploy/chart/alerts.yaml")).toBe(textOf("deploy/prometheus/alerts.yaml"));
  });
});

describe("the monitoring of the Compose files", () => {
  interface Compose {
    readonly include?: readonly string[];
    readonly services: Readonly<
      Record<
        string,
        {
          readonly volumes?: readonly string[];
          readonly ports?: readonly string[];
          readonly networks?: { readonly default: { readonly aliases: readonly string[] } };
        }
      >
    >;
  }
  const compose = (name: string) => parse(textOf(`deploy/${name}`), { merge: true }) as Compose;
  const monitoring = compose("compose.monitoring.yaml");

  it("is in both files, finds every node, and is reached from this machine only", () => {
    const { scrape_configs: jobs, rule_files: rules } = parse(textOf("deploy/prometheus/prometheus.yml")) as {
      scrape_configs: readonly {
        job_name: string;
        dns_sd_configs: readonly { names: readonly string[]; port: number }[];
      }[];
      rule_files: readonly string[];
    };
    expect(jobs.map((job) => job.job_name)).toEqual(["ringback"]);
    expect(rules).toEqual(["alerts.yaml"]);
    const [name] = jobs[0]?.dns_sd_configs[0]?.names ?? [];
    for (const file of ["compose.yaml", "compose.sqlite.yaml"]) {
      const { include, services } = compose(file);
      expect(include).toEqual(["compose.monitoring.yaml"]);
      const nodes = Object.entries(services).filter(([service]) => service.startsWith("node-"));
      expect(nodes.length).toBeGreaterThan(0);
      for (const [, { networks }] of nodes) expect(networks?.default.aliases).toEqual([name]);
    }
    const ports = Object.values(monitoring.services).flatMap(({ ports = [] }) => ports);
    expect(ports.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
  });

  it("gives Grafana the data source and the dashboard", () => {
    const source = parse(textOf("deploy/grafana/provisioning/datasources/prometheus.yaml")) as {
      datasources: readonly { url: string }[];
    };
    expect(Object.keys(monitoring.services)).toContain(new URL(source.datasources[0]?.url ?? "").hostname);
    const dashboards = parse(textOf("deploy/grafana/provisioning/dashboards/ringback.yaml")) as {
      providers: readonly { options: { path: string } }[];
    };
    const mounts = monitoring.services["grafana"]?.volumes ?? [];
    expect(mounts).toContain(`./grafana:${dashboards.providers[0]?.options.path}:ro`);
  });
});
