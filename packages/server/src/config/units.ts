/** A number with a unit, such as `16MiB` or `5m`. */
export interface Units {
  /** The formats of `parse`, as the end of a sentence. */
  readonly forms: string;
  /** Returns null if the text is not a number with a unit, or not a whole number of the smallest unit. */
  readonly parse: (text: string) => number | null;
  /** The shortest exact form: 16777216 is `16MiB`, 1500 is `1500ms`. */
  readonly format: (value: number) => string;
}

/** `sizes`: the units, largest first. A number without a unit has the last unit. */
function unitsOf(forms: string, number: RegExp, sizes: readonly (readonly [name: string, size: number])[]): Units {
  const [smallest = ""] = sizes.at(-1) ?? [];
  const form = new RegExp(`^(${number.source})\\s*(${sizes.map(([name]) => name).join("|")})?$`);
  return {
    forms,
    parse(text) {
      const match = form.exec(text.trim());
      if (match === null) return null;
      const size = sizes.find(([name]) => name === (match[2] ?? smallest))?.[1] ?? Number.NaN;
      const value = Number(match[1]) * size;
      return Number.isSafeInteger(value) ? value : null;
    },
    format(value) {
      if (value === 0) return "0";
      const [name, size] = sizes.find(([, size]) => value % size === 0) ?? [smallest, 1];
      return `${value / size}${name}`;
    },
  };
}

/** Only binary units are allowed. `10GB` would be ambiguous: the two common meanings differ by 7 %. */
export const byteUnits = unitsOf("bytes, or a number with a unit: 64KiB, 16MiB, 10GiB", /\d{1,16}/, [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
]);

/** Durations in milliseconds. A fraction of a millisecond is refused, because the unit is most likely wrong. */
export const durationUnits = unitsOf(
  "milliseconds, or a number with a unit: 500ms, 2s, 5m, 1h, 7d",
  /\d{1,15}(?:\.\d{1,6})?/,
  [
    ["d", 24 * 3600_000],
    ["h", 3600_000],
    ["m", 60_000],
    ["s", 1000],
    ["ms", 1],
  ],
);
