/**
 * `npm run test:busy`: runs all tests while four busy loops per core are running, to find tests that depend on the
 * speed of the machine. Passes its arguments to `npm test`, and exits with the code of `npm test`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";

const loopsPerCore = 4;
const loopMinutesMax = 180;
/** The loop also ends by itself when this process has ended, and after a maximum time. */
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
// If npm runs this script, the same npm runs the tests, because another npm may be on the PATH.
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
