import { eventTable } from "../engine/events/event-table.ts";

/** The table of `docs/guide/events.md`, made from the code. */
export function eventTableText(): string {
  const rows = Object.entries(eventTable).map(([type, { when, members }]) => {
    const named = Object.entries(members).map(([name, meaning]) => `\`${name}\`: ${meaning}`);
    return `| \`${type}\` | ${when} | ${named.join("<br>")} |`;
  });
  return ["| type | when | members |", "|---|---|---|", ...rows].join("\n");
}
