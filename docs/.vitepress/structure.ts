const block = /^ *```[^]*?^ *```$/gm;

/** Returns the code blocks of a page, unchanged. */
export function codeBlocks(markdown: string): string[] {
  return markdown.match(block) ?? [];
}

/** Returns the level of each heading of a page, in order. A translation has the same ones. */
export function headingLevels(markdown: string): number[] {
  return [...markdown.replaceAll(block, "").matchAll(/^(#+) /gm)].map(([, marks = ""]) => marks.length);
}
