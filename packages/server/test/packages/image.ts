import { execFile } from "node:child_process";
import { cp, mkdir, readFile, stat } from "node:fs/promises";
import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { addBaseImage } from "./base-image.ts";
import { pairsOf, readDockerfile, type Instruction, type Stage } from "./dockerfile.ts";
import { EmptyRoot } from "./empty-root.ts";
import { userEnvironment } from "./npm.ts";

const run = promisify(execFile);
const repository = fileURLToPath(new URL("../../../../", import.meta.url));
const dockerfile = join(repository, "deploy/Dockerfile");

/** Runs a step of the image as root, with the devices and processes that a container has, and with npm's cache. */
const step = `set -e
root=$1; workdir=$2; command=$3; cache=$4
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
mkdir -p "$root/root/.npm" "$cache"
mount --bind "$cache" "$root/root/.npm"
exec chroot "$root" sh -c "cd '$workdir' && $command"`;

/** An image, as a root folder with settings. */
export interface Image {
  readonly root: EmptyRoot;
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string;
  readonly volume: string;
  readonly command: readonly string[];
  readonly healthCommand: readonly string[];
}

const listOf = (text: string) => JSON.parse(text) as readonly string[];

/** Runs all steps of deploy/Dockerfile, each stage in a root folder of its own. */
export async function buildImage(stack: AsyncDisposableStack): Promise<Image> {
  const roots = new Map<string, EmptyRoot>();
  const stages = readDockerfile(await readFile(dockerfile, "utf8"));
  for (const stage of stages) {
    const root = stack.use(await EmptyRoot.create());
    if (stage.base !== "node:26-slim") throw new Error(`The test knows no image ${stage.base}.`);
    await addBaseImage(root);
    roots.set(stage.name, root);
    await runStage(stage, root, roots);
  }
  const { instructions } = stages.at(-1) as Stage;
  const root = roots.get("") as EmptyRoot;
  const textOf = (name: string) => instructions.find((instruction) => instruction.name === name)?.text ?? "";
  return {
    root,
    env: pairsOf(textOf("ENV")),
    labels: pairsOf(textOf("LABEL")),
    workdir: textOf("WORKDIR"),
    user: textOf("USER"),
    volume: textOf("VOLUME"),
    command: [...listOf(textOf("ENTRYPOINT")), ...listOf(textOf("CMD"))],
    healthCommand: listOf(textOf("HEALTHCHECK").replace(/^CMD /, "")),
  };
}

async function runStage(stage: Stage, root: EmptyRoot, roots: ReadonlyMap<string, EmptyRoot>): Promise<void> {
  let workdir = "/";
  for (const instruction of stage.instructions) {
    if (instruction.name === "WORKDIR") {
      workdir = instruction.text;
      await mkdir(join(root.folder, workdir), { recursive: true });
    } else if (instruction.name === "COPY") {
      const from = instruction.flags.get("from");
      await copy(instruction, from === undefined ? null : (roots.get(from) ?? null), join(root.folder, workdir));
    } else if (instruction.name === "RUN") {
      await runStep(root, workdir, instruction.text);
    }
  }
}

async function copy({ text }: Instruction, from: EmptyRoot | null, workdir: string): Promise<void> {
  const paths = text.split(/ +/);
  const target = join(workdir, paths.pop() ?? "");
  const origin = from?.folder ?? repository;
  const ignored = from === null ? await ignoredNames() : new Set<string>();
  for (const path of paths) {
    for (const name of path.includes("*") ? globSync(path, { cwd: origin }) : [path]) {
      const source = join(origin, name);
      const isFolder = (await stat(source)).isDirectory();
      await cp(source, isFolder ? target : join(target, basename(name)), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (file) => !ignored.has(basename(file)),
      });
    }
  }
}

async function ignoredNames(): Promise<ReadonlySet<string>> {
  const lines = (await readFile(`${dockerfile}.dockerignore`, "utf8")).trimEnd().split("\n");
  return new Set(lines.map((line) => line.replace("**/", "")));
}

async function runStep(root: EmptyRoot, workdir: string, command: string): Promise<void> {
  const environment = userEnvironment();
  const { stdout: cache } = await run("npm", ["config", "get", "cache"], { env: environment });
  const { stdout: registry } = await run("npm", ["config", "get", "registry"], { env: environment });
  const authorities = environment["NODE_EXTRA_CA_CERTS"];
  if (authorities !== undefined) await root.add(authorities, "/tmp/authorities.pem");
  const env = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    npm_config_registry: registry.trim(),
    npm_config_prefer_offline: "true",
    ...(authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: "/tmp/authorities.pem" }),
  };
  const args = ["--mount", "sh", "-c", step, "sh", root.folder, workdir, command, cache.trim()];
  await run("unshare", args, { env, maxBuffer: 2 ** 26 });
}
