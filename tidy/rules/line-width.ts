import { fileRule } from "../rule.ts";

const columnsMax = 120;
const notProse = /^\s*(?:\||<|\[[^\]]+\]:)/;

/**
 * A rule about comments and prose, because the formatter breaks lines of code only. A line with a URL may be longer: a
 * URL cannot be broken.
 */
export const lineWidth = fileRule(
  "line width",
  `comments and prose of at most ${columnsMax} columns`,
  function* ({ path, texts, lines }) {
    for (const { line, kind, text } of texts) {
      const columns = (lines[line - 1] as string).length;
      if (columns <= columnsMax || kind === "code block" || text.includes("://")) continue;
      if (kind === "prose" && notProse.test(text)) continue;
      yield { path, line, sentence: `the ${kind} ends at column ${columns}; at most ${columnsMax} are allowed` };
    }
  },
);
