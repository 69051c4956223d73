/**
 * `npm run test:busy`: the whole suite beside four busy loops for each core, to find tests that depend on how fast the machine is.
 * Arguments go to `npm test`. Exits with its code.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";

const loopsPerCore = 4;
const loopMinutesMax = 180;
/** Ends by itself, too: with this process, and after the longest time. */
const loop = `
  const parent = process.ppid;
  const end = Date.now() + ${loopMinutesMax} * 60_000;
  while (process.ppid === parent && Date.now() < end);
`;

const loops = Array.from({ length: loopsPerCore * availableParallelism() }, () =>
  spawn(process.execPath, ["-e", loop], { stdio: "ignore" }),
);
const endLoops = (): void => {
  for (const each of loops) each.kill("SIGKILL");
};
process.once("exit", endLoops);

const args = ["test", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])];
// The npm that runs this script, where one does: there may be another on the path.
const npm = process.env["npm_execpath"];
const tests =
  npm === undefined
    ? spawn("npm", args, { stdio: "inherit", shell: process.platform === "win32" })
    : spawn(process.execPath, [npm, ...args], { stdio: "inherit" });
// Ctrl-C reaches the tests as well, and the loops end when the tests have ended.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => tests.kill(signal));

const [code] = (await once(tests, "close")) as [number | null];
process.exitCode = code ?? 1;
endLoops();
