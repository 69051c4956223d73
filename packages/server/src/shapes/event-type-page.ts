import { createHash } from "node:crypto";
import type { EventType } from "../domain/event-type-rules.ts";

/** Names and descriptions can have long words, line breaks, and characters that change the direction of the text. */
const style =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}" +
  "pre{overflow:auto;background:#f4f4f4;color:#222;padding:.75rem}code{font-family:ui-monospace,monospace}" +
  "h2{border-top:1px solid #bbb;padding-top:1rem}h1,h2,p{overflow-wrap:anywhere}p{white-space:pre-line}" +
  "code{unicode-bidi:isolate}";

/** The page loads nothing, runs nothing, and cannot be framed. */
export const pagePolicy =
  `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; ` +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** An HTML page of event types. `next`: the URL of the next page; null on the last one. */
export function eventTypePage(account: string, eventTypes: readonly EventType[], next: string | null): string {
  const title = `Event types of ${escaped(account)}`;
  const parts = eventTypes.length === 0 ? ["<p>There are no event types.</p>"] : eventTypes.map(section);
  const link = next === null ? "" : `<p><a href="${escaped(next)}">Next page</a></p>`;
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>` +
    `<meta name="viewport" content="width=device-width"><style>${style}</style></head>` +
    `<body><h1>${title}</h1>${parts.join("")}${link}</body></html>`
  );
}

function section({ name, settings }: EventType): string {
  const { description, schema, example, deprecated, version } = settings;
  const block = (heading: string, value: unknown): string =>
    value === null ? "" : `<h3>${heading}</h3><pre><code>${escaped(JSON.stringify(value, null, 2))}</code></pre>`;
  return (
    `<section><h2><code>${escaped(name)}</code>${deprecated ? " (deprecated)" : ""}</h2>` +
    `<p>${escaped(description)}</p><p>Version ${escaped(version)}</p>` +
    `${block("Example", example)}${block("Schema", schema)}</section>`
  );
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
