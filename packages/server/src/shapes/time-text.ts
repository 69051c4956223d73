import type { TimeMs } from "../domain/model.ts";

let lastMs: TimeMs = Number.NaN;
let lastText = "";

/**
 * Returns the time in ISO 8601, in UTC and with milliseconds. The last text is cached, because many messages are
 * published in the same millisecond.
 */
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

/**
 * A date, a time of day and an offset. The offset is required, because without one the text would mean the time zone of
 * the server.
 */
const timeForm = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

export const timeFault = 'must be a time such as "2026-01-31T08:15:30Z", or Unix milliseconds';

/** Returns null for a text that is not a time, and for a time before 1970. */
export function parseTime(text: string): TimeMs | null {
  const ms = timeForm.test(text) && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  return ms >= 0 ? ms : null;
}

/** Returns false for a day such as 30 February, which Date.parse would read as 2 March. */
function isDay(date: string): boolean {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
