/** Returns the text of docs/reference/decisions.md, from the name and the text of each file in docs/adr. */
export function decisionList(decisions: readonly (readonly [name: string, text: string])[]): string {
  const rows = decisions.map(([name, text]) => {
    const title = /^# (?:\d+\. )?(.+)$/m.exec(text)?.[1] ?? name;
    return `* [${Number(name.slice(0, 4))}. ${title}](../adr/${name})`;
  });
  return `# Decisions

<!-- Made by \`npm run generate\` from the files in docs/adr. -->

Each page says why something is as it is, what was rejected, and what it costs.

${rows.join("\n")}
`;
}
