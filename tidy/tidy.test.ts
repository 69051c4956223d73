/** Real: every file of the repository as it is on the disk. */

import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { formatFinding } from "./rule.ts";
import { rules } from "./rules.ts";
import { readTree } from "./source/tree.ts";

const tree = readTree(fileURLToPath(new URL("..", import.meta.url)));

it.each(rules)("finds nothing that breaks the rule: $name", (rule) => {
  expect(rule.find(tree).map(formatFinding)).toEqual([]);
});
