/** Red, green and blue, 0 to 255 each. */
type Colour = readonly [number, number, number];

/** The colours of app/tokens.css that a customer's accent is seen on. */
export const backgrounds = {
  light: { paper: "#f7f8fa", surface: "#ffffff" },
  dark: { paper: "#101318", surface: "#181c22" },
} as const;

export interface AccentColours {
  readonly accent: string;
  readonly onAccent: string;
  readonly tint: string;
}

/** The least contrast of text that WCAG 2 asks for. */
const contrastMin = 4.5;
const step = 0.04;
const tintPart = { light: 0.1, dark: 0.16 } as const;

/** A customer's accent, as dark or light as it must be to be read as text, and the colours that go with it. */
export function accentColours(given: string, theme: "light" | "dark"): AccentColours {
  const { paper, surface } = backgrounds[theme];
  const goal = theme === "light" ? black : white;
  const start = colourOf(given);
  let accent = start;
  let tint = mixed(colourOf(surface), start, tintPart[theme]);
  for (let part = step; part <= 1 && !isReadable(accent, [paper, surface, hex(tint)]); part += step) {
    accent = mixed(start, goal, part);
    tint = mixed(colourOf(surface), accent, tintPart[theme]);
  }
  const onAccent = contrast(hex(accent), "#ffffff") >= contrastMin ? "#ffffff" : "#0c1118";
  return { accent: hex(accent), onAccent, tint: hex(tint) };
}

/** The contrast of two colours `#rrggbb`, from 1 to 21, by WCAG 2. */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

const black: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];

function isReadable(colour: Colour, on: readonly string[]): boolean {
  return on.every((background) => contrast(hex(colour), background) >= contrastMin);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = colourOf(colour).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mixed(one: Colour, other: Colour, part: number): Colour {
  const of = (index: 0 | 1 | 2): number => Math.round(one[index] * (1 - part) + other[index] * part);
  return [of(0), of(1), of(2)];
}

function colourOf(text: string): Colour {
  const part = (start: number): number => Number.parseInt(text.slice(start, start + 2), 16);
  return [part(1), part(3), part(5)];
}

function hex(colour: Colour): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
