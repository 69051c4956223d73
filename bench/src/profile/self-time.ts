import { fileURLToPath } from "node:url";

/** The parts of V8's `.cpuprofile` that are needed here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples?: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas?: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Of the time in which the thread was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly functions: readonly SelfTime[];
  readonly places: readonly SelfTime[];
}

const IDLE = "(idle)";

/** Where the time went: by function, and by file of ours, package or part of Node. Most expensive first. */
export function selfTimes(profile: CpuProfile): ProfileSummary {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const byFunction = new Map<string, number>();
  const byPlace = new Map<string, number>();
  let idleUs = 0;
  let busyUs = 0;
  const { samples = [], timeDeltas = [] } = profile;
  for (const [index, id] of samples.entries()) {
    // A delta is the time from the sample before to this one; it belongs to what ran until now. V8's first is the start.
    const us = Math.max(0, timeDeltas[index + 1] ?? 0);
    const frame = frames.get(id);
    if (frame === undefined || us === 0) continue;
    if (frame.functionName === IDLE) {
      idleUs += us;
      continue;
    }
    busyUs += us;
    const place = placeOf(frame.url, frame.functionName);
    const line = frame.url === "" ? "" : `:${frame.lineNumber + 1}`;
    const name = `${frame.functionName === "" ? "(anonymous)" : frame.functionName}  ${shortUrl(frame.url)}${line}`;
    byFunction.set(name.trim(), (byFunction.get(name.trim()) ?? 0) + us);
    byPlace.set(place, (byPlace.get(place) ?? 0) + us);
  }
  return {
    busyMs: busyUs / 1000,
    idleMs: idleUs / 1000,
    functions: ranked(byFunction, busyUs),
    places: ranked(byPlace, busyUs),
  };
}

function ranked(us: ReadonlyMap<string, number>, busyUs: number): SelfTime[] {
  return [...us].map(([name, time]) => ({ name, ms: time / 1000, share: time / busyUs })).sort((a, b) => b.ms - a.ms);
}

/** A package for what is in node_modules, otherwise the file; for V8's own entries their name. */
function placeOf(url: string, functionName: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "(native)";
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  return inPackage?.[1] ?? shortUrl(url);
}

/** Paths from the repository, or from the package, on. */
function shortUrl(url: string): string {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return path.replace(/^.*\/node_modules\//, "").replace(/^.*\/(?=packages\/|bench\/)/, "");
}
