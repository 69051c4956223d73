import { fileURLToPath } from "node:url";
import { formatFinding } from "./rule.ts";
import { rules } from "./rules.ts";
import { readTree } from "./source/tree.ts";

/** Prints every finding by rule, and fails if there is one. Arguments name the rules to apply; the default is all. */
const wanted = process.argv.slice(2);
const tree = readTree(fileURLToPath(new URL("..", import.meta.url)));
for (const rule of rules.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const findings = rule.find(tree);
  console.log(`${rule.name} (${rule.asks}): ${findings.length}`);
  for (const finding of findings) console.log(`  ${formatFinding(finding)}`);
  if (findings.length > 0) process.exitCode = 1;
}
