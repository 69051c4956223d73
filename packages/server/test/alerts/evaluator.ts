import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import type { Scrape } from "./timeline.ts";

const deploy = (path: string): URL => new URL(`../../../../deploy/${path}`, import.meta.url);

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}
interface Dashboard {
  readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
}

/** The names of all alert rules. */
export const alertNames: readonly string[] = (
  parse(readFileSync(deploy("prometheus/alerts.yaml"), "utf8")) as Rules
).groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));

/** The queries of all panels. Grafana chooses an interval of at least four scrapes. */
export const dashboardQueries: readonly string[] = (
  JSON.parse(readFileSync(deploy("grafana/ringback.json"), "utf8")) as Dashboard
).panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "16m")));

export interface Evaluation {
  /** For each rule that has fired, the labels for which it has. */
  readonly fired: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  /** For each query, the number of series of its result at the end. */
  readonly series: Readonly<Record<string, number>>;
}

/** The engine of Prometheus, as a program that the constructor's caller has built. */
export class Evaluator {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  /** Builds the program in the folder. Takes some minutes at the first time. */
  static async build(folder: string): Promise<Evaluator> {
    const cwd = join(folder, "evaluator");
    await cp(import.meta.dirname, cwd, { recursive: true });
    await promisify(execFile)("go", ["build", "-o", "evaluator", "."], { cwd });
    return new Evaluator(join(cwd, "evaluator"));
  }

  /** Evaluates all rules at the time of each scrape, and all queries at the time of the last one. */
  async evaluate(scrapes: readonly Scrape[]): Promise<Evaluation> {
    const rules = fileURLToPath(deploy("prometheus/alerts.yaml"));
    const program = spawn(this.#program, { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(program, "exit");
    program.stdin.end(JSON.stringify({ rules, queries: dashboardQueries, intervalSeconds: 60, scrapes }));
    const [output, [code]] = await Promise.all([text(program.stdout), ended]);
    if (code !== 0) throw new Error("the rules could not be evaluated");
    return JSON.parse(output) as Evaluation;
  }
}
