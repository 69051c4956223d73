import { sentSettings, type Settings } from "./values.ts";

/** A request of a form, before it is sent. */
export interface FormRequest {
  readonly method: "PUT" | "PATCH" | "POST" | "DELETE";
  /** With its names filled in. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Settings;
}

/** The path of the API with the names filled in. */
export function filledPath(path: string, names: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const value = names[name] ?? "";
    return value === "" ? whole : encodeURIComponent(value);
  });
}

/** The request as HTTP writes it, without the token. */
export function httpText({ method, path, headers, body }: FormRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path}`, ...lines, ...(body === undefined ? [] : ["", json(body)])].join("\n");
}

/** The request as a command for a shell. The token comes from a variable, so that it is not kept with the command. */
export function curlText({ method, path, headers, body }: FormRequest, origin: string, needsToken: boolean): string {
  const parts = [
    `curl -X ${method} ${quoted(origin + path)}`,
    ...(needsToken ? [`-H "authorization: Bearer $RINGBACK_TOKEN"`] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(json(body))}`]),
  ];
  return parts.join(" \\\n  ");
}

function json(body: Settings): string {
  return JSON.stringify(sentSettings(body), null, 2);
}

/** A text for a shell of POSIX, in which nothing has a meaning. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
