import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
const cache = join(root, "node_modules/.cache/ringback-deploy");
const goPrograms = {
  helm: "helm.sh/helm/v3/cmd/helm@v3.22.0",
  actionlint: "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12",
} as const;
/** JSON Schemas of Kubernetes, from a package of Python. */
const schemaPackage = "kubernetes-validate==1.37.0";

export interface Result {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program in the root of the repository. */
export function run(program: string, args: readonly string[], input = ""): Result {
  const { status, stdout, stderr, error } = spawnSync(program, [...args], { cwd: root, input, encoding: "utf8" });
  return { ok: status === 0, output: error === undefined ? `${stdout}${stderr}` : String(error) };
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Builds a program with Go at the first time, which takes some minutes, and returns its path. */
export function goProgram(name: keyof typeof goPrograms): string {
  const [, version = ""] = goPrograms[name].split("@");
  const folder = join(cache, `${name}-${version}`);
  const path = join(folder, name);
  if (existsSync(path)) return path;
  process.stdout.write(`building ${name} ${version}\n`);
  execFileSync("go", ["install", goPrograms[name]], { env: { ...process.env, GOBIN: folder }, stdio: "inherit" });
  return path;
}

/** Builds the program in `programs/`, which uses the libraries of the Prometheus operator and of Docker Compose. */
export function ownProgram(): string {
  const path = join(cache, "programs");
  mkdirSync(cache, { recursive: true });
  const cwd = fileURLToPath(new URL("programs", import.meta.url));
  execFileSync("go", ["build", "-o", path, "."], { cwd, stdio: "inherit" });
  return path;
}

/** Folder of the strict schemas of a version of Kubernetes. Downloads them at the first time. */
export function schemaFolder(version: string): string {
  const folder = join(cache, "schemas");
  if (!existsSync(folder)) {
    const download = join(cache, "download");
    mkdirSync(download, { recursive: true });
    const pip = [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-deps",
      "--only-binary=:all:",
      "--dest",
      download,
      schemaPackage,
    ];
    execFileSync("python3", pip, { stdio: "inherit" });
    const [wheel = ""] = readdirSync(download);
    execFileSync("python3", ["-m", "zipfile", "-e", join(download, wheel), folder], { stdio: "inherit" });
  }
  return join(folder, "kubernetes_validate/kubernetes-json-schema", `v${version}-local-strict`);
}
