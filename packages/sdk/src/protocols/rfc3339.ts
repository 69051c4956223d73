/** RFC 3339 times. `Date.parse` is not used because it accepts many other forms and reads 30 February as 1 March. */

/** The first and the last millisecond of the years with four digits, as Unix time. */
const firstMs = -62_167_219_200_000;
const lastMs = 253_402_300_799_999;

const form = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** Returns null for a time outside the years 0 to 9999. */
export function rfc3339Of(timeMs: number): string | null {
  return timeMs >= firstMs && timeMs <= lastMs ? new Date(timeMs).toISOString() : null;
}

/** Returns Unix time in milliseconds, without smaller fractions. Returns null when the text is not an RFC 3339 time. */
export function msOfRfc3339(text: string): number | null {
  const found = form.exec(text);
  if (found === null) return null;
  const part = (at: number): number => Number(found[at] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  const [offsetHour, offsetMinute] = [part(9), part(10)];
  // A leap second is written as second 60, and becomes the first second of the next minute, as in Unix time.
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute, second, Number((found[7] ?? "").slice(0, 3).padEnd(3, "0")));
  const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000;
  return date.getTime() - (found[8] === "-" ? -offsetMs : offsetMs);
}
