/**
 * Run by `npm run test:ops`. Makes the cause of each alert rule on real servers, and evaluates the rules and the
 * queries of the dashboard over their `/metrics` with Prometheus' own engine. Real: the servers, SQLite, PostgreSQL, a
 * small disk, sockets, the rules, the engine. Faked: the times of the scrapes, which are minutes apart. Needs Go, and
 * builds a part of Prometheus, which takes some minutes at the first time. Without Go nothing is run.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { temporaryFolder } from "../harness/folder.ts";
import { cases } from "./cases.ts";
import { alertNames, dashboardQueries, type Evaluation, Evaluator } from "./evaluator.ts";

/** A part of the names of the cases to run. Left out: all, and each rule and each query must have a case. */
const only = process.argv[2] ?? "";
const faults: string[] = [];
let passed = 0;

function check(isRight: boolean, what: string): void {
  if (isRight) passed++;
  else faults.push(what);
}

if (await hasGo()) await checkAll();
else console.log("not run: needs go");

async function hasGo(): Promise<boolean> {
  return promisify(execFile)("go", ["version"]).then(
    () => true,
    () => false,
  );
}

async function checkAll(): Promise<void> {
  await using folder = await temporaryFolder();
  console.log("building the engine of Prometheus");
  const evaluator = await Evaluator.build(folder.path);
  const expectedAnywhere = new Set<string>();
  const seen = new Set<string>();
  for (const { name, expected, make } of cases.filter((each) => each.name.includes(only))) {
    const scrapes = await make();
    if (scrapes === null) {
      console.log(`${name}: not possible on this machine`);
      for (const alert of Object.keys(expected)) expectedAnywhere.add(alert);
      continue;
    }
    const { fired, series } = await evaluator.evaluate(scrapes);
    console.log(`${name}: ${Object.keys(fired).toSorted().join(", ") || "no alert"}`);
    checkFired(name, fired, expected);
    for (const alert of Object.keys(expected)) expectedAnywhere.add(alert);
    for (const query of dashboardQueries) if ((series[query] ?? 0) > 0) seen.add(query);
  }
  if (only === "") checkComplete(expectedAnywhere, seen);
  for (const fault of faults) console.log(`FAILED ${fault}`);
  console.log(`${passed} passed, ${faults.length} failed`);
  if (faults.length > 0) process.exitCode = 1;
}

function checkComplete(expectedAnywhere: ReadonlySet<string>, seen: ReadonlySet<string>): void {
  for (const alert of alertNames) check(expectedAnywhere.has(alert), `no case makes the cause of ${alert}`);
  for (const query of dashboardQueries) check(seen.has(query), `no case has a series for ${query}`);
}

/** Each expected alert must have fired for exactly these subscriptions, and no other alert may have fired. */
function checkFired(name: string, fired: Evaluation["fired"], expected: (typeof cases)[number]["expected"]): void {
  for (const [alert, subscriptions] of Object.entries(expected)) {
    const found = (fired[alert] ?? []).map(({ subscription = "" }) => subscription).toSorted();
    const wanted = subscriptions ?? found;
    const isRight = found.length > 0 && String(found) === String([...wanted].toSorted());
    check(isRight, `${name}: ${alert} must fire for ${wanted.join(", ")}; it has fired for ${found.join(", ")}`);
  }
  for (const alert of Object.keys(fired)) check(alert in expected, `${name}: ${alert} must not fire`);
}
