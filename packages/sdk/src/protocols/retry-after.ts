import type { RetryAfter } from "./protocol.ts";

/**
 * The most digits of a number of seconds. A longer number is read as 10^9 seconds (31 years). The server limits the
 * wait to much less.
 */
const secondsDigitsMax = 9;
const seconds = new RegExp(`^[0-9]{1,${secondsDigitsMax}}$`);
const tooManySeconds = /^[0-9]+$/;
/** The date form that senders write (RFC 9110 section 5.6.7), and the two obsolete forms that recipients must read. */
const httpDate =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, [0-9]{2}-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 0-9][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4})$/;

/** Parses a `Retry-After` header. Returns null when the header is missing or invalid. */
export function retryAfterOf(value: string | undefined): RetryAfter | null {
  if (value === undefined) return null;
  if (seconds.test(value)) return { delayMs: Number(value) * 1000 };
  if (tooManySeconds.test(value)) return { delayMs: 10 ** secondsDigitsMax * 1000 };
  if (!httpDate.test(value)) return null;
  // The asctime form has no time zone; its time is GMT as well.
  const atMs = Date.parse(value.endsWith("GMT") ? value : `${value} GMT`);
  return Number.isNaN(atMs) ? null : { atMs };
}
