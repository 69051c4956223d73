/**
 * Real: the files of `deploy/`; the server's parser of settings, its routes and its connection limits. Nothing is
 * faked. `npm run test:packages` runs the steps of the image.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import manifest from "../package.json" with { type: "json" };
import { createTestApp } from "../src/api/testing/test-app.ts";
import { loadConfig, type Config } from "../src/config/config.ts";
import { postgresLimits } from "../src/store/postgres/postgres-limits.ts";

const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const connectionsPerNode = postgresLimits.hotConnectionsMax + postgresLimits.restConnectionsMax + 1;

/**
 * Reads the environment as the server in the container does. Throws for an unknown variable or a value out of range.
 */
function configOf(env: Readonly<Record<string, string>>): Config {
  return loadConfig({ flags: {}, env, readFile: textOf });
}

/** Replaces `${NAME:-default}` by its default, and a variable that must be set by what its error says. */
function filled(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value
        .replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1")
        .replaceAll(
          /\$\{\w+:\?set it to the output of openssl rand -base64 32\}/g,
          Buffer.alloc(32, 1).toString("base64"),
        )
        .replaceAll(/\$\{\w+:\?set it to the output of openssl rand -hex \d+\}/g, "f".repeat(64)),
    ]),
  );
}

it("No file for Compose has a secret that others know.", () => {
  for (const name of ["compose.yaml", "compose.sqlite.yaml", "compose.monitoring.yaml"]) {
    expect([name, /change-me|^ +\w*(?:PASSWORD|TOKEN|KEY): *[^$ \n]/m.exec(textOf(`deploy/${name}`))]).toEqual([
      name,
      null,
    ]);
  }
});

async function servedPaths(): Promise<readonly string[]> {
  const { app } = await createTestApp();
  const { paths } = JSON.parse((await app.inject("/openapi.json")).body) as { paths: object };
  await app.close();
  return Object.keys(paths);
}

describe("deploy/compose.yaml", () => {
  interface Service {
    readonly environment?: Readonly<Record<string, string>>;
    readonly healthcheck?: { readonly test: readonly string[] };
    readonly ports?: readonly string[];
    readonly depends_on?: unknown;
    readonly command?: string;
    readonly stop_grace_period?: string;
    readonly build?: { readonly context: string; readonly dockerfile: string };
  }
  interface Compose {
    readonly services: Readonly<Record<string, Service>>;
    readonly configs: { readonly haproxy: { readonly content: string } };
  }
  const { services, configs } = parse(textOf("deploy/compose.yaml"), { merge: true }) as Compose;
  const names = Object.keys(services).filter((name) => name.startsWith("node-"));
  const nodes = names.map((name) => services[name] as Service);

  it("gives three nodes settings that exist, and all of them the database that it starts", () => {
    expect(nodes).toHaveLength(3);
    const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = filled(services["postgres"]?.environment);
    for (const { environment } of nodes) {
      const config = configOf(filled(environment));
      expect(config.database).toBe(`postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@postgres:5432/${POSTGRES_DB}`);
      expect(config.listen).toEqual({ host: "0.0.0.0", port: 8000 });
    }
  });

  it("has room in the database for every node's connections, and for one node more", () => {
    const max = Number(/max_connections=(\d+)/.exec(services["postgres"]?.command ?? "")?.[1]);
    expect(max).toBeGreaterThanOrEqual((nodes.length + 1) * connectionsPerNode + 20);
  });

  it("checks /healthz of each node, and sends requests to nodes whose /readyz succeeds", async () => {
    const paths = await servedPaths();
    expect(paths).toEqual(expect.arrayContaining(["/healthz", "/readyz"]));
    const { content } = configs.haproxy;
    expect(content).toContain("option httpchk GET /readyz");
    for (const [index, name] of names.entries()) {
      expect(nodes[index]?.healthcheck?.test.at(-1)).toContain("http://127.0.0.1:8000/healthz");
      expect(content).toMatch(new RegExp(String.raw`^ *server ${name} ${name}:8000$`, "m"));
    }
    expect(content).toContain("bind :8000");
    expect(services["proxy"]?.ports).toEqual(["127.0.0.1:8000:8000"]);
    expect(services["proxy"]?.depends_on).toEqual(names);
  });

  it("waits longer for a node to stop than the node itself, and builds its image from existing files", () => {
    for (const { environment, stop_grace_period: graceText, build } of nodes) {
      const graceMs = Number.parseInt(graceText ?? "", 10) * 1_000;
      expect(graceMs).toBeGreaterThan(configOf(filled(environment)).shutdownGraceMs);
      expect(build).toEqual({ context: "..", dockerfile: "deploy/Dockerfile" });
    }
  });
});

describe("deploy/kubernetes.yaml", () => {
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
  }
  interface Container {
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly env: readonly {
      readonly name: string;
      readonly value?: string;
      readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
    }[];
    readonly startupProbe: Probe;
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
    readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  }
  interface Manifest {
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly spec: {
      readonly replicas: number;
      readonly selector: { readonly matchLabels?: unknown };
      readonly ports: readonly { readonly targetPort: string }[];
      readonly maxUnavailable: number;
      readonly template: {
        readonly metadata: { readonly labels: unknown };
        readonly spec: { readonly terminationGracePeriodSeconds: number; readonly containers: readonly Container[] };
      };
    };
  }
  const documents = parseAllDocuments(textOf("deploy/kubernetes.yaml"));
  const byKind = new Map(
    documents.map((document) => {
      const manifest = document.toJS() as Manifest;
      return [manifest.kind, manifest];
    }),
  );
  const of = (kind: string): Manifest => byKind.get(kind) as Manifest;
  const pod = of("Deployment").spec.template;
  const [container] = pod.spec.containers as [Container];
  /** The Secret that the command above the manifest makes. */
  const secrets: Readonly<Record<string, string>> = {
    database: "postgres://ringback:password@postgres.example.internal:5432/ringback",
    operatorToken: "f".repeat(64),
    masterKey: Buffer.alloc(32, 1).toString("base64"),
  };
  const env = Object.fromEntries(
    container.env.map(({ name, value, valueFrom }) => [
      name,
      value ?? secrets[valueFrom?.secretKeyRef.key ?? ""] ?? "missing",
    ]),
  );

  it("contains no secret that others know, and says how to make each", () => {
    const text = textOf("deploy/kubernetes.yaml");
    expect(text).not.toMatch(/change-me|stringData|kind: Secret/);
    const made = Array.from(text.matchAll(/--from-literal=(\w+)=/g), ([, key]) => key);
    const used = container.env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef.key ?? []);
    expect(new Set(made)).toEqual(new Set(used));
    expect(new Set(used)).toEqual(new Set(Object.keys(secrets)));
  });

  it("is valid YAML with everything that a cluster needs", () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect([...byKind.keys()].sort()).toEqual(["Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]);
  });

  it("gives settings that exist, and keeps the database's address in the secret", () => {
    const config = configOf(env);
    expect(config.listen).toEqual({ host: "0.0.0.0", port: container.ports[0]?.containerPort });
    expect(new URL(config.database).protocol).toBe("postgres:");
    expect(container.env.find(({ name }) => name === "RINGBACK_DATABASE")).toEqual({
      name: "RINGBACK_DATABASE",
      valueFrom: { secretKeyRef: { name: "ringback", key: "database" } },
    });
  });

  it("uses /healthz for restarts and /readyz for requests, and both are served at the port for operators", async () => {
    const { startupProbe, livenessProbe, readinessProbe, ports } = container;
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
    expect(paths).toEqual(["/healthz", "/healthz", "/readyz"]);
    expect(await servedPaths()).toEqual(expect.arrayContaining(paths));
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) expect(httpGet.port).toBe(ports[1]?.name);
    expect(configOf(env).opsListen).toEqual({ host: "0.0.0.0", port: ports[1]?.containerPort });
    expect(of("Service").spec.ports.map(({ targetPort }) => targetPort)).toEqual([ports[0]?.name]);
  });

  it("selects the same pods everywhere, and stops one at a time, after its grace period", () => {
    const { labels } = pod.metadata;
    expect(of("Deployment").spec.selector.matchLabels).toEqual(labels);
    expect(of("PodDisruptionBudget").spec.selector.matchLabels).toEqual(labels);
    expect(of("Service").spec.selector).toEqual(labels);
    expect(of("PodDisruptionBudget").spec.maxUnavailable).toBeLessThan(of("Deployment").spec.replicas);
    const graceMs = (pod.spec.terminationGracePeriodSeconds - container.lifecycle.preStop.sleep.seconds) * 1_000;
    expect(graceMs).toBeGreaterThan(configOf(env).shutdownGraceMs);
  });

  it("have a first API key from the secret, and only the traffic that they need", () => {
    expect(configOf(env).operatorToken.length).toBeGreaterThanOrEqual(32);
    const policy = of("NetworkPolicy").spec as unknown as {
      readonly podSelector: unknown;
      readonly policyTypes: unknown;
      readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
      readonly egress: readonly { readonly to?: readonly { readonly ipBlock?: { readonly except?: string[] } }[] }[];
    };
    expect(policy.podSelector).toEqual({ matchLabels: pod.metadata.labels });
    expect(policy.policyTypes).toEqual(["Ingress", "Egress"]);
    const ports = policy.ingress.flatMap((rule) => rule.ports.map(({ port }) => port));
    expect(ports).toEqual(container.ports.map(({ name }) => name));
    const denied = policy.egress.flatMap(({ to = [] }) => to.flatMap(({ ipBlock }) => ipBlock?.except ?? []));
    expect(denied).toEqual(expect.arrayContaining(["10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8"]));
  });
});

describe("deploy/ringback.service", () => {
  const text = textOf("deploy/ringback.service");
  const all = (name: string) => [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);

  it("sets settings that exist, and reads its secrets from credentials", () => {
    const settings = Object.fromEntries(all("Environment").map((pair) => pair.split("=") as [string, string]));
    const files = Object.entries(settings).filter(([name]) => name.endsWith("_FILE"));
    const credentials = all("LoadCredential").map((pair) => `%d/${pair.split(":", 1)[0]}`);
    expect(new Set(files.map(([, path]) => path))).toEqual(new Set(credentials));
    const others = Object.fromEntries(Object.entries(settings).filter(([name]) => !name.endsWith("_FILE")));
    const config = configOf(others);
    expect(config.data).toBe(`/var/lib/${all("StateDirectory")[0]}`);
    expect(Number.parseInt(all("TimeoutStopSec")[0] ?? "", 10) * 1000).toBeGreaterThan(config.shutdownGraceMs);
  });
});

describe("deploy/Dockerfile", () => {
  const text = textOf("deploy/Dockerfile");

  it("copies existing files or results of the build, and starts the command of the package", () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(?<paths>.*) \S+$/gm)].flatMap(
      ({ groups }) => groups?.["paths"]?.split(" ") ?? [],
    );
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) expect([path, existsSync(new URL(path, root))]).toEqual([path, true]);
    const { workspaces } = JSON.parse(textOf("package.json")) as { workspaces: readonly string[] };
    for (const workspace of workspaces) expect(copied).toContain(`${workspace}/package.json`);
    expect(text).toContain('ENTRYPOINT ["node", "packages/server/bin/ringback.js"]');
    expect(text).toContain(`org.opencontainers.image.version="${manifest.version}"`);
  });

  it("sets settings that exist, for the port that it opens", () => {
    const pairs =
      /^ENV (.*)$/m
        .exec(text)?.[1]
        ?.split(" ")
        .map((pair) => pair.split("=") as [string, string]) ?? [];
    const { listen } = configOf(Object.fromEntries(pairs));
    expect(text).toContain(`EXPOSE ${listen.port}`);
  });
});

describe("docs/guide/cluster.md", () => {
  it("counts the connections as the server does, and names only metrics that the server has", async () => {
    const text = textOf("docs/guide/cluster.md");
    expect(text).toContain(`**${connectionsPerNode} connections**`);
    const { app } = await createTestApp();
    const metrics = (await app.inject("/metrics")).body;
    await app.close();
    const named = new Set([...text.matchAll(/`(ringback_[a-z_]+)`/g)].map(([, name = ""]) => name));
    expect(named.size).toBeGreaterThan(8);
    for (const name of named) expect(metrics).toContain(`# TYPE ${name} `);
  });
});
