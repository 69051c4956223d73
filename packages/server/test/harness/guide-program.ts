import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Program, startProgram, untilListening } from "./program.ts";
import { readmeReceiver } from "./readme.ts";

const root = new URL("../../../../", import.meta.url);

export interface GuideProgram {
  /** The guide, from the root of the project. */
  readonly guide: string;
  /** The name in the first line of the program: `// receiver.mjs`. */
  readonly name: string;
  /** A folder in which programs can import the published SDK. */
  readonly folder: string;
  /** Addresses of the guide, each with the address that takes its place. */
  readonly addresses: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program of a guide, unchanged but for its addresses, with the Node that runs the tests. */
export async function startGuideProgram({ guide, name, folder, addresses, env }: GuideProgram): Promise<Program> {
  const text = await readFile(new URL(guide, root), "utf8");
  const blocks = Array.from(text.matchAll(/^```js\n([^]*?)^```$/gm), ([, code = ""]) => code);
  let program = blocks.find((code) => code.startsWith(`// ${name}\n`));
  if (program === undefined) throw new Error(`${guide} has no program ${name}`);
  for (const [written, used] of Object.entries(addresses)) program = program.replaceAll(written, used);
  await writeFile(join(folder, name), program);
  // The program must not inherit the import conditions of the process that runs the tests.
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  return startProgram(process.execPath, [name], folder, { ...inherited, ...env });
}

/** As {@link startGuideProgram}, for a program that listens at the guides' address of receivers. */
export async function startGuideReceiver(program: Omit<GuideProgram, "addresses">, port: number): Promise<Program> {
  const written = readmeReceiver.split(":")[1] ?? "";
  const started = await startGuideProgram({ ...program, addresses: { [`listen(${written},`]: `listen(${port},` } });
  await untilListening(program.name, started, port);
  return started;
}
