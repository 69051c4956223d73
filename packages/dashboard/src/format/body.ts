/** How the bytes of a body can be shown. The content is only ever data: it is never rendered as HTML. */
export type ShownBody =
  | { readonly kind: "empty" }
  | { readonly kind: "text"; readonly text: string; readonly pretty: string | null }
  | { readonly kind: "image"; readonly source: string; readonly bytes: number }
  | { readonly kind: "bytes"; readonly hex: string; readonly bytes: number };

/** A body as the API gives it: as a JSON value, as text, or in Base64. */
export interface GivenBody {
  readonly body?: unknown;
  readonly bodyBase64?: string | undefined;
}

/** Images that a browser draws without running anything. SVG is drawn as an image too, where its scripts do not run. */
const imageTypes = /^image\/(?:png|jpeg|gif|webp|avif|svg\+xml)\b/i;
const prettyCharsMax = 512 * 1024;
const hexBytesMax = 1_024;

export function shownBody({ body, bodyBase64 }: GivenBody, contentType: string | null): ShownBody {
  if (bodyBase64 !== undefined) return shownBytes(bodyBase64, contentType);
  if (body === undefined || body === null || body === "") return { kind: "empty" };
  if (typeof body !== "string") {
    const pretty = JSON.stringify(body, null, 2);
    return { kind: "text", text: JSON.stringify(body), pretty };
  }
  if (contentType !== null && /^image\/svg\+xml\b/i.test(contentType)) {
    const base64 = btoa(String.fromCodePoint(...new TextEncoder().encode(body)));
    return { kind: "image", source: `data:image/svg+xml;base64,${base64}`, bytes: body.length };
  }
  return { kind: "text", text: body, pretty: prettyText(body, contentType ?? "") };
}

function shownBytes(base64: string, contentType: string | null): ShownBody {
  const bytes = Uint8Array.from(atob(base64), (char) => char.codePointAt(0) ?? 0);
  if (bytes.length === 0) return { kind: "empty" };
  if (contentType !== null && imageTypes.test(contentType)) {
    const [type = ""] = contentType.split(";");
    return { kind: "image", source: `data:${type.trim()};base64,${base64}`, bytes: bytes.length };
  }
  return { kind: "bytes", hex: hexOf(bytes.subarray(0, hexBytesMax)), bytes: bytes.length };
}

/** The text with line breaks and indents by its type; null: it is best shown as it is. */
function prettyText(text: string, contentType: string): string | null {
  if (text.length > prettyCharsMax) return null;
  if (/\bx-www-form-urlencoded\b/i.test(contentType)) {
    return [...new URLSearchParams(text)].map(([name, value]) => `${name} = ${value}`).join("\n");
  }
  if (/\bxml\b/i.test(contentType) || /^\s*<\?xml/.test(text)) return prettyXml(text);
  if (!/^\s*[[{]/.test(text)) return null;
  return prettyJson(text);
}

/** Breaks lines without parsing numbers, which JavaScript would round. Returns null for text that is not JSON. */
function prettyJson(text: string): string | null {
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let depth = 0;
  const lineBreak = (): string => `\n${"  ".repeat(depth)}`;
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? [];
  let pretty = "";
  for (const [index, part] of parts.entries()) {
    const isEmpty = /[[{]/.test(part) && /[\]}]/.test(parts[index + 1] ?? "");
    const closesEmpty = /^[\]}]$/.test(part) && /^[[{]$/.test(parts[index - 1] ?? "");
    if (/^[\]}]$/.test(part)) {
      depth--;
      pretty += closesEmpty ? part : lineBreak() + part;
    } else if (/^[[{]$/.test(part)) {
      depth++;
      pretty += isEmpty ? part : part + lineBreak();
    } else if (part === ",") pretty += part + lineBreak();
    else pretty += part === ":" ? ": " : part;
  }
  return pretty;
}

function prettyXml(text: string): string {
  let depth = 0;
  return text
    .replaceAll(/>\s*</g, ">\n<")
    .split("\n")
    .map((line) => {
      if (line.startsWith("</")) depth = Math.max(0, depth - 1);
      const indented = "  ".repeat(depth) + line.trim();
      if (/^<[^!?/][^>]*[^/]>$|^<\w>$/.test(line.trim()) && !/<\//.test(line)) depth++;
      return indented;
    })
    .join("\n");
}

function hexOf(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let start = 0; start < bytes.length; start += 16) {
    const part = [...bytes.subarray(start, start + 16)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const chars = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCodePoint(byte) : "·")).join("");
    lines.push(`${start.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${chars}`);
  }
  return lines.join("\n");
}
