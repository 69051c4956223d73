/**
 * Run by `npm run test:ops`. Asks the linter of Prometheus, which `promtool check metrics` calls, about metrics of a
 * real server that has delivered, failed and refused something. Needs Go.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { subscriptionPath } from "../harness/api.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { startReceiver } from "../harness/receiver.ts";
import { startServerInProcess } from "../harness/server.ts";
import { until } from "../harness/until.ts";

await using folder = await temporaryFolder();
await using server = await startServerInProcess({ folder: folder.path });
await using receiver = await startReceiver(({ path }) => (path === "/good" ? 200 : 500));
const { api } = server;
await api.putTopic("orders");
await api.subscribe("orders", "good", { push: { url: `${receiver.url}/good` } });
await api.subscribe("orders", "bad", { push: { url: receiver.url }, retry: "none" });
await api.publish("orders", { body: "x" });
await api.call("GET", subscriptionPath("orders", "missing"));
const text = await until(
  "the dead letter is counted",
  async () => (await fetch(`${server.url}/metrics`)).text(),
  (page) => /^ringback_subscription_dead_letters_total\{.*"bad"\} 1$/m.test(page),
);
const cwd = fileURLToPath(new URL(".", import.meta.url));
const problems = execFileSync("go", ["run", "."], { cwd, input: text, encoding: "utf8" }).split("\n").filter(Boolean);
// The metrics of prom-client are its own matter.
const ours = problems.filter((problem) => problem.startsWith("ringback_"));
for (const problem of ours) process.stdout.write(`${problem}\n`);
process.stdout.write(`${ours.length === 0 ? 1 : 0} passed, ${ours.length} failed\n`);
if (ours.length > 0) process.exitCode = 1;
