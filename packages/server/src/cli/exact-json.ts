/** A number as its digits. `JSON.stringify` writes it as it is. */
interface ExactNumber {
  readonly rawJSON: string;
}

interface ExactJson {
  parse(
    text: string,
    revive: (name: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): ExactNumber;
  isRawJSON(value: unknown): value is ExactNumber;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the types of TypeScript lack these members
const json = JSON as unknown as ExactJson;

/** Reads JSON. Whole numbers that would lose digits, such as the ids of other systems, become an `ExactNumber`. */
export function parseExactJson(text: string): unknown {
  return json.parse(text, (_name, value, { source = "" }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value) || !/^-?\d+$/.test(source)) return value;
    return json.rawJSON(source);
  });
}

export function isExactNumber(value: unknown): value is ExactNumber {
  return json.isRawJSON(value);
}
