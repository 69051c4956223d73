import type { LogLevel } from "../log-levels.ts";
import { createLog } from "../log.ts";

/** A log whose lines a test reads. */
export function createTestLog(level: LogLevel = "info") {
  const texts: string[] = [];
  const log = createLog({ level, pretty: false, destination: { write: (text) => void texts.push(text) } });
  return { log, lines: () => texts.map((text) => JSON.parse(text) as Record<string, unknown>) };
}
