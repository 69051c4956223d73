/** Largest first. */
const units: readonly (readonly [name: string, bytes: number])[] = [
  ["TiB", 1024 ** 4],
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
  ["B", 1],
];

/** The formats of `parseBytes`, as the end of a sentence. */
export const bytesForms = "bytes, or a number with a unit: 64KiB, 16MiB, 10GiB";

/** null: not a size. Only binary units are allowed, because `10GB` is ambiguous by 7 %. */
export function parseBytes(text: string): number | null {
  const match = /^(\d{1,16})\s*(B|KiB|MiB|GiB|TiB)?$/.exec(text.trim());
  if (match === null) return null;
  const unit = units.find(([name]) => name === (match[2] ?? "B"));
  const value = Number(match[1]) * (unit?.[1] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : null;
}

/** The shortest exact form: 16777216 is `16MiB`. */
export function formatBytes(value: number): string {
  if (value === 0) return "0";
  const [name, bytes] = units.find(([, unitBytes]) => value % unitBytes === 0) ?? ["B", 1];
  return `${value / bytes}${name}`;
}
