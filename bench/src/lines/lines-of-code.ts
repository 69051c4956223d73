/**
 * Counts the lines that are neither blank nor only a comment. The text is read line by line, and a comment is
 * recognised by the start of its line. A line of a template string that begins like a comment is therefore not counted.
 */
export function linesOfCode(text: string, language: "ts" | "sql"): number {
  const lineComment = language === "sql" ? "--" : "//";
  let count = 0;
  let inComment = false;
  for (const line of text.split("\n")) {
    let rest = line.trim();
    if (inComment || rest.startsWith("/*")) {
      const end = rest.indexOf("*/");
      inComment = end === -1;
      rest = inComment ? "" : rest.slice(end + 2).trim();
    }
    if (rest !== "" && !rest.startsWith(lineComment)) count += 1;
  }
  return count;
}
