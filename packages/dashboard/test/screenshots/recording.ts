import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The answers of a server to its screens, from which the same screens are shown again. */
export interface Recording {
  /** The time that the page takes for the present, in RFC 3339. */
  readonly now: string;
  /** The address of each screen, by the name of its picture. */
  readonly screens: Readonly<Record<string, string>>;
  /** By method, path and query, and by the body of a request that has one. */
  readonly answers: Readonly<Record<string, RecordedAnswer>>;
}

export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A value if the body is JSON, else its text. */
  readonly body: unknown;
}

/** A server with data, one without, the page of a customer, and a page that asks for a key. */
export const recordingNames = ["operator", "first-run", "customer", "sign-in"] as const;

export type RecordingName = (typeof recordingNames)[number];

/** The host name of the pages that are shown from a recording. Browsers treat it like `localhost`. */
export const shownHost = "ringback.localhost";

export function fileOf(name: RecordingName): string {
  return fileURLToPath(new URL(`recordings/${name}.json`, import.meta.url));
}

export function readRecording(name: RecordingName): Recording {
  if (!existsSync(fileOf(name))) throw new Error(`${name} is not recorded: npm run dashboard:screenshots -- --record`);
  return JSON.parse(readFileSync(fileOf(name), "utf8")) as Recording;
}

/** Names an answer. `path` includes the query. */
export function answerKey(method: string, path: string, body: string): string {
  return body === "" ? `${method} ${path}` : `${method} ${path} ${body}`;
}

/** The stream of events, which has no end and is therefore not recorded. */
export function isEventStream(path: string): boolean {
  return path.startsWith("/v1/events");
}

/** The name of a screen's picture: that of `/ui/topics/:topic/edit` is `topics-topic-edit`. */
export function operatorScreenName(path: string): string {
  const name = path.replace(/^\/(?:ui\/)?/, "").replaceAll(/\/:?/g, "-");
  return name === "" ? "home" : name;
}
