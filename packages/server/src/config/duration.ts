/** Largest first. */
const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 24 * 3600_000],
  ["h", 3600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

/** The formats of `parseDurationMs`, as the end of a sentence. */
export const durationForms = "milliseconds, or a number with a unit: 500ms, 2s, 5m, 1h, 7d";

/** null: not a duration. A number without a unit is milliseconds. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?$/.exec(text.trim());
  if (match === null) return null;
  const unit = units.find(([name]) => name === (match[2] ?? "ms"));
  const valueMs = Number(match[1]) * (unit?.[1] ?? Number.NaN);
  // A fraction of a millisecond is refused, because it is most likely a wrong unit.
  return Number.isSafeInteger(valueMs) ? valueMs : null;
}

/** The shortest exact form: 604800000 is `7d`, 1500 is `1500ms`. */
export function formatDurationMs(valueMs: number): string {
  if (valueMs === 0) return "0";
  const [name, ms] = units.find(([, unitMs]) => valueMs % unitMs === 0) ?? ["ms", 1];
  return `${valueMs / ms}${name}`;
}
