import type { TimeMs } from "../domain/model.ts";

let lastMs: TimeMs = Number.NaN;
let lastText = "";

/** ISO 8601 in UTC with milliseconds. Receipts of one moment come in numbers, so the last text is kept. */
export function timeText(ms: TimeMs): string {
  if (ms !== lastMs) {
    lastText = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastText;
}

export function optionalTimeText(ms: TimeMs | null): string | null {
  return ms === null ? null : timeText(ms);
}
