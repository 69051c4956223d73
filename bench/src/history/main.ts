import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { RunReport } from "../report/write.ts";
import { type Run, runOf, withRun } from "./history.ts";
import { page } from "./page.ts";

/**
 * `npm run bench:history -- --report FILE --commit ID --folder FOLDER`: adds a report of the benchmark to the
 * history in the folder, and writes `index.html` beside it.
 */
const { values } = parseArgs({
  options: { report: { type: "string" }, commit: { type: "string" }, folder: { type: "string" } },
});
const { report, commit, folder } = values;
if (report === undefined || commit === undefined || folder === undefined) {
  process.stderr.write("usage: npm run bench:history -- --report FILE --commit ID --folder FOLDER\n");
  process.exit(2);
}
const file = join(folder, "history.json");
const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Run[]) : [];
const history = withRun(before, runOf(JSON.parse(readFileSync(report, "utf8")) as RunReport, commit));
// One run per line, so that a commit of the file adds a line.
writeFileSync(file, `[\n${history.map((run) => JSON.stringify(run)).join(",\n")}\n]\n`);
writeFileSync(join(folder, "index.html"), page(history));
