import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { isRecord } from "../../config/record.ts";
import { ApiError } from "../api-client.ts";
import { CommandError } from "../command-error.ts";
import type { ApiCaller, CallOptions } from "../api-caller.ts";

/**
 * The subscription of a running `listen`. Its labels say which process uses it and until when, so that the next
 * `listen` finds what a crash has left: it goes on with a subscription of its own machine and topic, and deletes the
 * others whose time is over.
 */

export const sessionLabel = "ringback/listen";
const untilLabel = "ringback/listen-until";
const byLabel = "ringback/listen-by";

/** A subscription is used until this time after its last renewal. */
export const sessionMs = 3600_000;
export const renewMs = sessionMs / 4;
const leftoversMax = 1_000;

export interface SessionSettings {
  readonly topic: string;
  readonly types: readonly string[];
  readonly tags: readonly string[];
  readonly where: string | null;
  readonly visibilityMs: number;
  /** `start` of the subscription; null: where an interrupted `listen` has stopped, or now. */
  readonly start: unknown;
}

export interface SessionProcess {
  readonly host: string;
  readonly pid: number;
  readonly isAlive: (pid: number) => boolean;
  readonly nowMs: () => number;
}

export interface Session {
  readonly subscription: string;
  readonly path: string;
  /** The session goes on where an interrupted one has stopped. */
  readonly isResumed: boolean;
}

/** Creates the subscription, or takes over what an interrupted `listen` has left. Throws `CommandError`. */
export async function openSession(
  api: ApiCaller,
  settings: SessionSettings,
  process: SessionProcess,
): Promise<Session> {
  const adopted = await adoptOrRemove(api, settings, process);
  if (adopted !== null) return { subscription: adopted, path: pathOf(settings.topic, adopted), isResumed: true };
  const name = `listen-${process.host.replaceAll(/[^\w.-]/g, "").slice(0, 64)}-${randomBytes(4).toString("hex")}`;
  const path = pathOf(settings.topic, name);
  await putSession(api, path, settings, process, settings.start ?? "now");
  return { subscription: name, path, isResumed: false };
}

/** Creates the subscription, or renews its time. */
export function putSession(
  api: ApiCaller,
  path: string,
  { types, tags, where, visibilityMs }: SessionSettings,
  { host, pid, nowMs }: SessionProcess,
  start: unknown,
  options?: CallOptions,
): Promise<unknown> {
  const labels = {
    [sessionLabel]: "yes",
    [byLabel]: `${host}/${pid}`.slice(-128),
    [untilLabel]: new Date(nowMs() + sessionMs).toISOString(),
  };
  const description = "Created by `ringback listen`, which deletes it when it ends.";
  return api(
    "PUT",
    path,
    { pull: { visibilityMs }, filter: { types, tags, where }, labels, description, start },
    options,
  );
}

/** Takes over one subscription and returns its name; null: there is none. Deletes those whose time is over. */
async function adoptOrRemove(
  api: ApiCaller,
  settings: SessionSettings,
  process: SessionProcess,
): Promise<string | null> {
  const { topic, types, tags, where, start } = settings;
  const { host, isAlive, nowMs } = process;
  let adopted: string | null = null;
  for (const one of await leftovers(api)) {
    const { name, topic: itsTopic, labels, filter } = one;
    const [, itsHost = "", pid = ""] = /^(.*)\/(\d+)$/.exec(labels[byLabel] ?? "") ?? [];
    const isOver = Date.parse(labels[untilLabel] ?? "") < nowMs();
    const isInterrupted = itsHost === host && !isAlive(Number(pid));
    const isSame = itsTopic === topic && isFilter(filter, { tags, types, where });
    const isWanted = isInterrupted && !isOver && isSame;
    if (isWanted && start === null && adopted === null) {
      const isMine = await unlessChanged(api, one, (path, options) =>
        putSession(api, path, settings, process, "now", options),
      );
      if (isMine) adopted = name;
    } else if (isOver || (isWanted && start !== null)) {
      await unlessChanged(api, one, (path, options) => api("DELETE", path, undefined, options));
    }
  }
  return adopted;
}

/** Sends the request if the leftover is still as it was listed. Returns false if another `listen` has changed it. */
async function unlessChanged(
  api: ApiCaller,
  { topic, name, labels }: Leftover,
  request: (path: string, options: CallOptions) => Promise<unknown>,
): Promise<boolean> {
  const path = pathOf(topic, name);
  let ifMatch = "";
  try {
    const view = await api("GET", path, undefined, { onTag: (tag) => (ifMatch = tag) });
    if (!isLeftover(view) || !isDeepStrictEqual(view.labels, labels)) return false;
    await request(path, { ifMatch });
    return true;
  } catch (error) {
    ignoreRefusal(error);
    return false;
  }
}

/** Members that are not set may be missing in the view of another version of the server. */
function isFilter(view: unknown, filter: object): boolean {
  return isRecord(view) && isDeepStrictEqual({ ...noFilter, ...view }, { ...noFilter, ...filter });
}

const noFilter = { tags: [], types: [], where: null };

interface Leftover {
  readonly name: string;
  readonly topic: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly filter: unknown;
}

/** An API key that may see only some topics may not list all subscriptions. Then there is nothing to remove. */
async function leftovers(api: ApiCaller): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  const query = new URLSearchParams({ label: `${sessionLabel}=yes`, limit: "100" });
  try {
    for (;;) {
      const page = await api("GET", `/v1/subscriptions?${query.toString()}`);
      const { items, next } = isRecord(page) ? page : {};
      if (Array.isArray(items)) found.push(...items.filter(isLeftover));
      if (typeof next !== "string" || found.length >= leftoversMax) return found;
      query.set("after", next);
    }
  } catch (error) {
    ignoreRefusal(error);
    return found;
  }
}

function ignoreRefusal(error: unknown): null {
  if (error instanceof ApiError && error.status < 500) return null;
  throw error;
}

function isLeftover(value: unknown): value is Leftover {
  if (!isRecord(value)) return false;
  return typeof value["name"] === "string" && typeof value["topic"] === "string" && isRecord(value["labels"]);
}

/** Deletes the subscription. Returns a sentence if that was not possible. */
export async function closeSession(api: ApiCaller, { path, subscription }: Session): Promise<string | null> {
  try {
    await api("DELETE", path);
    return null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    if (!(error instanceof CommandError)) throw error;
    return `the subscription ${subscription} could not be deleted (${error.message}); a later \`ringback listen\` deletes it`;
  }
}

function pathOf(topic: string, subscription: string): string {
  return `/v1/topics/${encodeURIComponent(topic)}/subscriptions/${encodeURIComponent(subscription)}`;
}
