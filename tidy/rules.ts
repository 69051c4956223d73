import { otherSystems, longFiles, otherFiles } from "./excuses.ts";
import { houseWords } from "./house-words.ts";
import type { Rule } from "./rule.ts";
import { bannedNames } from "./rules/banned-names.ts";
import { bannedWords } from "./rules/banned-words.ts";
import { commandReferences } from "./rules/command-references.ts";
import { commentStart } from "./rules/comment-start.ts";
import { fileLength } from "./rules/file-length.ts";
import { fileReferences } from "./rules/file-references.ts";
import { foreignNames } from "./rules/foreign-names.ts";
import { importDirection } from "./rules/import-direction.ts";
import { lineWidth } from "./rules/line-width.ts";
import { privateMembers } from "./rules/private-members.ts";
import { sqlFunctionLength } from "./rules/sql-function-length.ts";
import { testLength } from "./rules/test-length.ts";

/** Lint checks the rest: functions of at most 70 lines, and no cycles of imports, type-only imports included. */
export const rules: readonly Rule[] = [
  importDirection,
  foreignNames(otherSystems),
  fileLength(longFiles),
  sqlFunctionLength,
  testLength,
  privateMembers,
  bannedNames(houseWords),
  bannedWords(houseWords),
  commentStart,
  lineWidth,
  fileReferences(otherFiles),
  commandReferences,
];
