/**
 * Binding keys as regular expressions that PostgreSQL judges exactly as domain/filter.ts does. They stand over a routing key
 * whose words each have a dot before them, so that no key at all is no word: "a.b" is ".a.b", "" is "".
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
