import { fileURLToPath } from "node:url";

/** The part of V8's `.cpuprofile` format that is used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples?: readonly number[];
  /** Microseconds since the previous sample. */
  readonly timeDeltas?: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Share of the time in which the thread was not idle. */
  readonly share: number;
}

export interface ProfileSummary {
  readonly busyMs: number;
  readonly idleMs: number;
  readonly functions: readonly SelfTime[];
  /** A source is a file of this repository, a package, or a part of Node. */
  readonly sources: readonly SelfTime[];
}

const IDLE = "(idle)";

/** Self time by function and by source, most expensive first. */
export function selfTimes(profile: CpuProfile): ProfileSummary {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const byFunction = new Map<string, number>();
  const bySource = new Map<string, number>();
  let idleUs = 0;
  let busyUs = 0;
  const { samples = [], timeDeltas = [] } = profile;
  for (const [index, id] of samples.entries()) {
    // The time until the next sample belongs to this sample. The first delta is the time before the first sample.
    const us = Math.max(0, timeDeltas[index + 1] ?? 0);
    const frame = frames.get(id);
    if (frame === undefined || us === 0) continue;
    if (frame.functionName === IDLE) {
      idleUs += us;
      continue;
    }
    busyUs += us;
    const source = sourceOf(frame.url, frame.functionName);
    const line = frame.url === "" ? "" : `:${frame.lineNumber + 1}`;
    const name = `${frame.functionName === "" ? "(anonymous)" : frame.functionName}  ${shortUrl(frame.url)}${line}`;
    byFunction.set(name.trim(), (byFunction.get(name.trim()) ?? 0) + us);
    bySource.set(source, (bySource.get(source) ?? 0) + us);
  }
  return {
    busyMs: busyUs / 1000,
    idleMs: idleUs / 1000,
    functions: ranked(byFunction, busyUs),
    sources: ranked(bySource, busyUs),
  };
}

function ranked(us: ReadonlyMap<string, number>, busyUs: number): SelfTime[] {
  return [...us].map(([name, time]) => ({ name, ms: time / 1000, share: time / busyUs })).sort((a, b) => b.ms - a.ms);
}

/** Returns the package of a file in node_modules, the path of any other file, or the name of an entry of V8 itself. */
function sourceOf(url: string, functionName: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "(native)";
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url);
  return inPackage?.[1] ?? shortUrl(url);
}

/** The path within the repository or the package. */
function shortUrl(url: string): string {
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  return path.replace(/^.*\/node_modules\//, "").replace(/^.*\/(?=packages\/|bench\/)/, "");
}
