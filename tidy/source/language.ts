export type Language = "typescript" | "sql" | "markdown" | "json" | "script" | "other";

const languages: Readonly<Record<string, Language>> = {
  ts: "typescript",
  tsx: "typescript",
  mts: "typescript",
  js: "typescript",
  mjs: "typescript",
  sql: "sql",
  md: "markdown",
  yaml: "script",
  yml: "script",
  sh: "script",
  json: "json",
};

export function languageOf(path: string): Language {
  return languages[/\.(\w+)$/.exec(path)?.[1] ?? ""] ?? "other";
}
