import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { accepts } from "../harness/accepts.ts";
import { freePort } from "../harness/free-port.ts";
import { startProgram } from "../harness/program.ts";
import { until } from "../harness/until.ts";

/** Debian's own, since its packages bring what the samples import. `PYTHON` names another. */
const python = process.env["PYTHON"] ?? "/usr/bin/python3";

export interface Sample extends AsyncDisposable {
  readonly port: number;
  /** Everything printed so far. */
  output(): string;
}

/** A sample program on a free port: the one change to its text is the address that `listens` names. */
export async function startSample(folder: string, listens: string, ours: (port: number) => string): Promise<Sample> {
  const text = readFileSync(new URL(`../../../../examples/${folder}/sample.py`, import.meta.url), "utf8");
  const port = await freePort();
  expect(text).toContain(listens);
  const program = startProgram(python, ["-u", "-c", text.replace(listens, ours(port))]);
  await until(`the sample of ${folder} listens: ${program.output()}`, () => accepts(port), Boolean);
  return { port, output: () => program.output(), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
