import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { freePort } from "../harness/free-port.ts";
import { startProgram, untilListening } from "../harness/program.ts";

/** Debian's Python, because Debian has packages for the libraries of the samples. `PYTHON` sets another one. */
const python = process.env["PYTHON"] ?? "/usr/bin/python3";

export interface Sample extends AsyncDisposable {
  readonly port: number;
  /** Output so far. */
  output(): string;
}

const examples = new URL("../../../../examples/", import.meta.url);

/**
 * Starts a sample program on a free port. The program is changed only in its address: `listens` is replaced by `ours`.
 */
export async function startSample(folder: string, listens: string, ours: (port: number) => string): Promise<Sample> {
  const text = readFileSync(new URL(`${folder}/sample.py`, examples), "utf8");
  const port = await freePort();
  expect(text).toContain(listens);
  const program = startProgram(python, ["-u", "-c", text.replace(listens, ours(port))]);
  await untilListening(`the sample of ${folder} (examples/README.md names its packages)`, program, port);
  return { port, output: () => program.output(), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** Starts the program that does the same as a sample with the SDK, on a free port. */
export async function startExample(file: string): Promise<Sample> {
  const port = await freePort();
  const path = fileURLToPath(new URL(file, examples));
  const program = startProgram(process.execPath, ["--conditions=ringback-source", path, String(port)]);
  await untilListening(file, program, port);
  return { port, output: () => program.output(), [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

/** The commands in a README's `sh` blocks that begin with curl. A quoted argument can continue on further lines. */
export function curlLines(folder: string): readonly string[] {
  const readme = readFileSync(new URL(`${folder}/README.md`, examples), "utf8");
  const blocks = Array.from(readme.matchAll(/^```sh\n(?<code>[^]*?)^```$/gm), ({ groups }) => groups?.["code"] ?? "");
  return blocks.flatMap((code) => code.split(/\n(?=curl|npm|python3|sudo)/)).filter((line) => line.startsWith("curl "));
}
