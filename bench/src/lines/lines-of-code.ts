/**
 * Number of lines with code, which are neither blank nor comment only. The text is read line by line: the start of a
 * line decides whether a comment begins there, so a line of a template string that begins like a comment is missed.
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
