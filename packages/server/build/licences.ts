import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Returns the licences of all packages that the modules belong to. The licences require that copies include them. */
export function licencesOf(modules: readonly string[]): string {
  // A name with a zero byte belongs to a module of the bundler itself.
  const paths = modules.filter((path) => !path.startsWith("\0"));
  const folders = paths.flatMap((path) => /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path) ?? []);
  const licences = new Set([...new Set(folders)].sort().map(licenceOf));
  return [...licences].join(`\n${"-".repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const textOf = (file: string) => readFileSync(join(folder, file), "utf8").trim();
  const { name, version, license, author } = JSON.parse(textOf("package.json")) as Record<string, string>;
  const texts = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  // A few packages only name their licence.
  const named = texts.length === 0 ? `By ${author}.` : texts.map(textOf).join("\n\n");
  return `${name} ${version}\nLicence: ${license}\n\n${named}\n`;
}
