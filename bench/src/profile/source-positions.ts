import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";
import type { CpuProfile } from "./self-time.ts";

type CallFrame = CpuProfile["nodes"][number]["callFrame"];

/** Replaces the positions in a build by the positions in its sources, if the files of the build have source maps. */
export function withSourcePositions(profile: CpuProfile): CpuProfile {
  const maps = new Map<string, SourceMap | null>();
  const mapOf = (url: string): SourceMap | null => {
    const map = maps.get(url) ?? readSourceMap(url);
    maps.set(url, map);
    return map;
  };
  const nodes = profile.nodes.map((node) => ({ ...node, callFrame: sourcePosition(node.callFrame, mapOf) }));
  return { ...profile, nodes };
}

function sourcePosition(frame: CallFrame, mapOf: (url: string) => SourceMap | null): CallFrame {
  const found = mapOf(frame.url)?.findEntry(frame.lineNumber, frame.columnNumber);
  if (found === undefined || !("originalSource" in found)) return frame;
  const url = new URL(found.originalSource, frame.url).href;
  return { ...frame, url, lineNumber: found.originalLine, columnNumber: found.originalColumn };
}

function readSourceMap(url: string): SourceMap | null {
  if (!url.startsWith("file:")) return null;
  const file = `${fileURLToPath(url)}.map`;
  return existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, "utf8"))) : null;
}
