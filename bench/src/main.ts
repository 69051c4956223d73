import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nowMs } from "./clock.ts";
import { parseCommandLine, usage, UsageError } from "./command-line.ts";
import type { Options } from "./command-line.ts";
import { BenchDatabase } from "./database/bench-database.ts";
import { profileReport } from "./profile/print.ts";
import { databaseTable } from "./report/database-table.ts";
import { machine } from "./report/machine.ts";
import { deliveryLines, resultTable } from "./report/table.ts";
import { writeReport } from "./report/write.ts";
import { runScenario } from "./run.ts";
import { scenarios } from "./scenarios/all.ts";
import { Bench } from "./scenarios/bench.ts";
import type { Scenario } from "./scenarios/bench.ts";
import { lostMessages, withinReach } from "./scenarios/result.ts";
import type { ScenarioResult } from "./scenarios/result.ts";
import { runMsMax, settingsAt } from "./settings.ts";

const SERVER_ENTRY = fileURLToPath(new URL("../../packages/server/bin/ringback.js", import.meta.url));
const RESULTS = fileURLToPath(new URL("../results", import.meta.url));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(options: Options): Promise<number> {
  const startedAtMs = nowMs();
  const startedAt = new Date().toISOString();
  const name = startedAt.slice(0, 19).replaceAll(":", "-");
  const settings = settingsAt(options.scale);
  const dataRoot = mkdtempSync(join(folder(options.dataRoot ?? tmpdir()), "ringback-bench-"));
  process.once("exit", () => rmSync(dataRoot, { recursive: true, force: true, maxRetries: 3 }));
  const profileRoot = options.profile ? folder(join(RESULTS, `${name}-profiles`)) : null;
  const where = machine(dataRoot);
  print(`${where.cpu}, ${where.cores} cores, ${where.system} ${where.kernel}, ${where.fileSystem}, Node ${where.node}`);
  print(`bodies of ${settings.bodyBytes} bytes; fsync on; scale ${settings.scale}`);

  const entry = options.server ?? SERVER_ENTRY;
  const database = options.database === "postgres" ? await startDatabase(options) : null;
  const shown = (await database?.shown()) ?? null;
  if (shown !== null)
    print(
      `PostgreSQL: ${Object.entries(shown)
        .map((pair) => pair.join(" "))
        .join(", ")}`,
    );
  const bench = await Bench.start({ settings, entry, database, dataRoot, profileRoot, log: print });
  const results: ScenarioResult[] = [];
  const failures: { scenario: string; error: string }[] = [];
  for (const scenario of scenarios.filter(({ name }) => options.only.includes(name))) {
    print(`${scenario.name}: ${scenario.title}`);
    try {
      const result = await runScenario(bench, scenario);
      results.push(result);
      print(`  took ${result.tookS.toFixed(1)} s`);
    } catch (error) {
      failures.push({ scenario: scenario.name, error: String(error) });
      print(`  failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
    if (profileRoot !== null) printProfile(join(profileRoot, scenario.name));
    await bench.forget(scenario.name);
  }
  await bench.stop();
  await database?.stop();

  const tookS = (nowMs() - startedAtMs) / 1000;
  const json = options.json ?? join(RESULTS, `${name}.json`);
  const measured = { machine: where, settings, database: shown, profiled: options.profile, results, failures };
  writeReport(json, { startedAt, tookS, ...measured });
  print(`\n${resultTable(results)}\n`);
  if (shown !== null) print(`${databaseTable(results)}\n`);
  for (const line of deliveryLines(results)) print(line);
  print(`\n${tookS.toFixed(0)} s in all; figures and samples are in ${json}`);
  if (options.profile) print("The profiler's own cost is in these figures: they show where time goes, not how much.");

  const lost = lostMessages(results);
  if (lost > 0) print(`LOST: ${lost} accepted deliveries did not arrive.`);
  const over = results.flatMap(({ figures }) => figures).filter((figure) => !withinReach(figure));
  return lost > 0 || failures.length > 0 || (options.check && over.length > 0) ? 1 : 0;
}

/** It runs as somebody else where we are root, who cannot look into the servers' folders: so beside those. */
async function startDatabase({ dataRoot }: Options): Promise<BenchDatabase> {
  const database = await BenchDatabase.start(folder(dataRoot ?? tmpdir()));
  process.once("exit", () => rmSync(database.folder, { recursive: true, force: true, maxRetries: 3 }));
  return database;
}

function folder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

function printProfile(profileFolder: string): void {
  if (existsSync(profileFolder)) print(`\n${profileReport(profileFolder)}\n`);
}

function namesOf(wanted: (scenario: Scenario) => boolean): string[] {
  return scenarios.filter(wanted).map(({ name }) => name);
}

/** `process.exit` runs the exit handlers, which end every child and remove the data. */
function exitOnSignals(): void {
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  setTimeout(() => {
    print(`The run did not end within ${runMsMax / 60_000} minutes and was cut off.`);
    process.exit(1);
  }, runMsMax).unref();
}

try {
  const options = parseCommandLine(process.argv.slice(2), {
    always: namesOf(({ needs }) => needs === undefined),
    postgres: namesOf(({ needs }) => needs === "postgres"),
  });
  if (options.help) {
    print(usage);
  } else {
    exitOnSignals();
    process.exitCode = await main(options);
  }
} catch (error) {
  print(
    error instanceof UsageError ? `${error.message}\n\n${usage}` : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
