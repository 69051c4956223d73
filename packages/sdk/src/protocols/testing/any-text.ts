import * as fc from "fast-check";

/**
 * Any character of Unicode, including control characters. ASCII characters are frequent. The `unit: "binary"` of
 * fast-check is not used, because it spends a second on a table of all characters in every test file.
 */
const anyCharacter = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map((codePoint) => String.fromCodePoint(codePoint));

export function anyText(length: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> {
  return fc.string({ ...length, unit: anyCharacter });
}
