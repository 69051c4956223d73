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
import { lostMessages, meetsTarget } from "./scenarios/result.ts";
import type { ScenarioResult } from "./scenarios/result.ts";
import { serverProgram } from "./server/program.ts";
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
  const settings = settingsAt(options.scale, options.lostAfterMs);
  const dataRoot = mkdtempSync(join(createFolder(options.dataRoot ?? tmpdir()), "ringback-bench-"));
  process.once("exit", () => rmSync(dataRoot, { recursive: true, force: true, maxRetries: 3 }));
  const profileRoot = options.profile ? createFolder(join(RESULTS, `${name}-profiles`)) : null;
  const host = machine(dataRoot);
  print(`${host.cpu}, ${host.cores} cores, ${host.system} ${host.kernel}, ${host.fileSystem}, Node ${host.node}`);
  print(`bodies of ${settings.bodyBytes} bytes; fsync on; scale ${settings.scale}`);

  const program = serverProgram(options.server ?? SERVER_ENTRY);
  const database = options.database === "postgres" ? await startDatabase(options) : null;
  const databaseSettings = (await database?.settings()) ?? null;
  if (databaseSettings !== null) {
    const words = Object.entries(databaseSettings).map((pair) => pair.join(" "));
    print(`PostgreSQL: ${words.join(", ")}`);
  }
  const bench = await Bench.start({ settings, program, database, dataRoot, profileRoot, log: print });
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
    await bench.removeData(scenario.name);
  }
  await bench.stop();
  await database?.stop();

  const tookS = (nowMs() - startedAtMs) / 1000;
  const json = options.json ?? join(RESULTS, `${name}.json`);
  const context = { startedAt, tookS, machine: host, settings, database: databaseSettings, profiled: options.profile };
  writeReport(json, { ...context, results, failures });
  print(`\n${resultTable(results)}\n`);
  if (database !== null) print(`${databaseTable(results)}\n`);
  for (const line of deliveryLines(results)) print(line);
  print(`\nThe run took ${tookS.toFixed(0)} s. Figures and samples are in ${json}`);
  if (options.profile) print("The figures include the cost of the profiler. Use them for proportions only.");

  const lost = lostMessages(results);
  if (lost > 0) print(`LOST: ${lost} accepted deliveries did not arrive.`);
  const missed = results.flatMap(({ figures }) => figures).filter((figure) => !meetsTarget(figure));
  return lost > 0 || failures.length > 0 || (options.check && missed.length > 0) ? 1 : 0;
}

/**
 * Starts PostgreSQL with a folder of its own. If root runs the benchmark, PostgreSQL runs as another user, who cannot
 * read the folders of the servers.
 */
async function startDatabase({ dataRoot }: Options): Promise<BenchDatabase> {
  const database = await BenchDatabase.start(createFolder(dataRoot ?? tmpdir()));
  process.once("exit", () => rmSync(database.folder, { recursive: true, force: true, maxRetries: 3 }));
  return database;
}

function createFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  return path;
}

function printProfile(profileFolder: string): void {
  if (existsSync(profileFolder)) print(`\n${profileReport(profileFolder)}\n`);
}

function namesOf(wanted: (scenario: Scenario) => boolean): string[] {
  return scenarios.filter(wanted).map(({ name }) => name);
}

/** `process.exit` runs the exit handlers, which end every child process and remove the data. */
function exitOnSignals(): void {
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  setTimeout(() => {
    print(`The run was ended because it took more than ${runMsMax / 60_000} minutes.`);
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
