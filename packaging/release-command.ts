import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Refusal, release } from "./release.ts";

/** `npm run release -- 1.2.3`. Runs `npm run ci`, moves the notes, sets the versions, commits and tags. */
const root = fileURLToPath(new URL("..", import.meta.url));
const [version, ...others] = process.argv.slice(2);

if (version === undefined || others.length > 0) {
  process.stderr.write("usage: npm run release -- 1.2.3\n");
  process.exit(2);
}

/** Uses the npm that runs this script, because another npm may be on the PATH. */
function runChecks(): boolean {
  const npm = process.env["npm_execpath"];
  const options = { cwd: root, stdio: "inherit" } as const;
  const { status } =
    npm === undefined
      ? spawnSync("npm", ["run", "ci"], options)
      : spawnSync(process.execPath, [npm, "run", "ci"], options);
  return status === 0;
}

try {
  const date = new Date().toISOString().slice(0, 10);
  const tag = release({ root, version, date, check: runChecks });
  process.stdout.write(`${tag} is made. Look at it with "git show ${tag}", then publish it:\n`);
  process.stdout.write(`  git push origin HEAD ${tag}\n`);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(`not released: ${error.message}\n`);
  process.exitCode = 1;
}
