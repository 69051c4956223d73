import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { KubernetesSchemas, type Resource } from "./kubernetes-schemas.ts";
import { goProgram, isInstalled, root, run, ownProgram } from "./tools.ts";

/** Problems that a check has found, or the reason why it could not run. */
export type Outcome = readonly string[] | { readonly skipped: string };

/** The oldest version that the chart supports, and the newest one whose schemas exist. */
const kubernetesVersions = ["1.30.0", "1.37.0"];
/** Systemd's exposure level, from 0 (safe) to 100. A hardened service without network has about 5. */
const exposureMax = 15;

const withoutGo = { skipped: "Go is not installed" };

export const checks: Readonly<Record<string, () => Outcome>> = {
  "the workflows pass actionlint": () =>
    isGoThere() ? problems(run(goProgram("actionlint"), ["-no-color"])) : withoutGo,
  "helm lint accepts the chart with each file of values": () =>
    isGoThere()
      ? valueFiles().flatMap((values) => problems(helm("lint", "--strict", "--quiet", "deploy/chart", "-f", values)))
      : withoutGo,
  "the resources of the chart fit Kubernetes' schemas": () => (isGoThere() ? chartProblems() : withoutGo),
  "the plain manifest fits Kubernetes' schemas": () =>
    schemaProblems(textOf("deploy/kubernetes.yaml"), kubernetesVersions),
  "the schemas and the operator's types find faults": () => (isGoThere() ? unseenFaults() : withoutGo),
  "the chart refuses values that cannot work": () => (isGoThere() ? refusalProblems() : withoutGo),
  "systemd accepts the unit": () =>
    isInstalled("systemd-analyze")
      ? problems(run("systemd-analyze", ["verify", "deploy/ringback.service"]))
      : { skipped: "systemd-analyze is not installed" },
  "the unit is hardened": () =>
    isInstalled("systemd-analyze")
      ? problems(
          run("systemd-analyze", [
            "security",
            "--offline=true",
            `--threshold=${exposureMax}`,
            "deploy/ringback.service",
          ]),
        )
      : { skipped: "systemd-analyze is not installed" },
  "Docker Compose's library loads the files": () =>
    isGoThere() ? problems(run(ownProgram(), ["deploy/compose.yaml", "deploy/compose.sqlite.yaml"])) : withoutGo,
};

function isGoThere(): boolean {
  return run("go", ["version"]).ok;
}

function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function problems({ ok, output }: { readonly ok: boolean; readonly output: string }): readonly string[] {
  return ok ? [] : [output.trim() || "failed without a word"];
}

function helm(...args: readonly string[]) {
  return run(goProgram("helm"), args);
}

function valueFiles(): readonly string[] {
  return readdirSync(join(root, "deploy/chart/ci")).map((name) => `deploy/chart/ci/${name}`);
}

function schemaProblems(text: string, versions: readonly string[]): readonly string[] {
  const resources = parseAllDocuments(text).map((document) => document.toJS() as Resource | null);
  return versions.flatMap((version) => {
    const schemas = new KubernetesSchemas(version);
    return resources.flatMap((resource) =>
      resource === null || isOfOperator(resource) ? [] : schemas.errors(resource),
    );
  });
}

function isOfOperator({ apiVersion }: Resource): boolean {
  return apiVersion.startsWith("monitoring.coreos.com/");
}

function chartProblems(): readonly string[] {
  const program = ownProgram();
  return valueFiles().flatMap((values) =>
    kubernetesVersions.flatMap((version) => {
      const rendered = helm("template", "test", "deploy/chart", "-f", values, "--kube-version", version);
      if (!rendered.ok) return problems(rendered);
      return [...schemaProblems(rendered.output, [version]), ...problems(run(program, [], rendered.output))].map(
        (problem) => `${values}: ${problem}`,
      );
    }),
  );
}

function unseenFaults(): readonly string[] {
  const wrong = textOf("deploy/kubernetes.yaml")
    .replace("maxSurge: 1", "maxSurges: 1")
    .replace("replicas: 3", "replicas: x");
  const found = schemaProblems(wrong, kubernetesVersions.slice(0, 1));
  const monitor = run(ownProgram(), [], "kind: ServiceMonitor\nspec: { selector: {}, endpoint: [] }\n");
  return [
    ...(found.length >= 2 ? [] : [`only ${found.length} of two faults were found`]),
    ...(monitor.output.includes('unknown field "endpoint"')
      ? []
      : [`the types accept a wrong member: ${monitor.output}`]),
  ];
}

function refusalProblems(): readonly string[] {
  const token = `secret.operatorToken=${"f".repeat(64)}`;
  const refused: readonly (readonly [values: readonly string[], reason: string])[] = [
    [[], "set secret.operatorToken"],
    [[token, "database=postgres"], "set secret.database"],
    [[token, "database=postgres", "secret.database=postgres://db/ringback"], "set secret.masterKey"],
    [[token, "ingress.enabled=true"], "set ingress.hosts"],
    [[token, "autoscaling.enabled=true"], "autoscaling needs database: postgres"],
    [[token, "serviceMonitor.enabled=true"], "set serviceMonitor.token.secret"],
    [[token, "database=mysql"], "database"],
    [[token, "replica=3"], "replica"],
    [[token, "config.listen=0.0.0.0:80"], "listen"],
    [["secret.operatorToken=short"], "operatorToken"],
  ];
  return refused.flatMap(([values, reason]) => {
    const version = ["--kube-version", kubernetesVersions.at(-1) ?? ""];
    const { ok, output } = helm(
      "template",
      "test",
      "deploy/chart",
      ...version,
      ...values.flatMap((value) => ["--set", value]),
    );
    return !ok && output.includes(reason)
      ? []
      : [`${values.join(" ")}: should say "${reason}", says: ${output.slice(0, 300)}`];
  });
}
