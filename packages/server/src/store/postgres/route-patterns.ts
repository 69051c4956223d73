/**
 * Translates a type pattern into a regular expression that PostgreSQL evaluates exactly as domain/filter.ts does. The
 * expression is matched against a type with a dot before each word, so that an empty type has no words: "a.b" becomes
 * ".a.b", and "" stays "".
 */
export function routePattern(typePattern: string): string {
  const words = typePattern === "" ? [] : typePattern.split(".");
  return `^${words.map(wordPattern).join("")}$`;
}

function wordPattern(word: string): string {
  if (word === "#") return String.raw`(?:\.[^.]*)*`;
  if (word === "*") return String.raw`\.[^.]+`;
  return String.raw`\.` + word.replaceAll(/[^\p{L}\p{N}_]/gu, String.raw`\$&`);
}
