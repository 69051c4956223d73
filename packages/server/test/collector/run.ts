/**
 * Sends spans to a real collector of OpenTelemetry and reads what the collector has written. Builds the collector with
 * Go, which takes some minutes at the first time. Without Go nothing is run, and the output says so.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { spansOf } from "../harness/collector.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { freePort } from "../harness/free-port.ts";
import { startReceiver } from "../harness/receiver.ts";
import { Server } from "../harness/server.ts";
import { until } from "../harness/until.ts";

const exec = promisify(execFile);
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const expected = ["POST", "deliver orders", "publish orders"];

if (await hasGo()) await check();
else console.log("not run: needs go");

async function hasGo(): Promise<boolean> {
  return exec("go", ["version"]).then(
    () => true,
    () => false,
  );
}

async function check(): Promise<void> {
  await using folder = await temporaryFolder();
  const cwd = join(folder.path, "collector");
  await cp(import.meta.dirname, cwd, { recursive: true });
  console.log("building the collector");
  await exec("go", ["build", "-o", "collector", "."], { cwd });
  const port = await freePort();
  await writeFile(join(cwd, "port"), `127.0.0.1:${port}`);
  const collector = spawn("./collector", ["--config=file:config.yaml"], {
    cwd,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = once(collector, "exit");
  try {
    await Promise.race([untilListening(port), ended]);
    if (collector.exitCode !== null) throw new Error("the collector did not start");
    await publishTraced(`http://127.0.0.1:${port}`);
    const read = async () => (await readFile(join(cwd, "spans.json"), "utf8").catch(() => "")).trim();
    const text = await until("the collector has written the spans", read, (found) => found !== "");
    const spans = text
      .split("\n")
      .flatMap(spansOf)
      .filter((span) => span.traceId === traceId);
    const names = spans.map(({ name }) => name).toSorted();
    console.log(names.join("\n"));
    if (String(names) !== String(expected)) throw new Error(`expected the spans ${expected.join(", ")}`);
  } finally {
    collector.kill();
    await ended;
  }
}

async function untilListening(port: number): Promise<void> {
  const answers = () =>
    fetch(`http://127.0.0.1:${port}`).then(
      () => true,
      () => false,
    );
  await until("the collector listens", answers, Boolean);
}

/** Publishes one message, waits until it has arrived, and stops the server, which exports all spans. */
async function publishTraced(endpoint: string): Promise<void> {
  await using folder = await temporaryFolder();
  await using receiver = await startReceiver();
  const env = { RINGBACK_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" };
  await using server = await Server.start({ folder: folder.path, env });
  await server.api.putTopic("orders");
  await server.api.subscribe("orders", "mail", { push: { url: receiver.url } });
  await server.api.publish("orders", { body: "x" }, { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  await until(
    "the message arrived",
    () => receiver.arrivals.length,
    (count) => count === 1,
  );
  await server.stop();
}
