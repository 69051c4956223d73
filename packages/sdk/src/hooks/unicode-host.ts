/** A host's name as people read it. URLs keep the form that is all ASCII (`xn--…`, RFC 3492), and no platform turns it back. */

const PREFIX = "xn--";
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_CODE_POINT = 0x80;
const FIRST_BIAS = 72;
const LAST_CODE_POINT = 0x10ffff;

/** Labels that cannot be read stay as they are. */
export function unicodeHost(host: string): string {
  return host
    .split(".")
    .map((label) => (label.toLowerCase().startsWith(PREFIX) ? (decoded(label.slice(PREFIX.length)) ?? label) : label))
    .join(".");
}

function decoded(encoded: string): string | null {
  const delimiter = encoded.lastIndexOf("-");
  const output = Array.from(encoded.slice(0, Math.max(delimiter, 0)), (character) => character.codePointAt(0) ?? 0);
  let codePoint = FIRST_CODE_POINT;
  let bias = FIRST_BIAS;
  let index = 0;
  let at = delimiter + 1;
  while (at < encoded.length) {
    const before = index;
    let weight = 1;
    for (let step = BASE; ; step += BASE) {
      const digit = Number.parseInt(encoded.charAt(at++), BASE);
      // Digits run from a to z and on from 0 to 9, the other way round than numbers of base 36.
      const value = digit < 10 ? digit + 26 : digit - 10;
      if (Number.isNaN(digit)) return null;
      index += value * weight;
      const threshold = Math.min(Math.max(step - bias, T_MIN), T_MAX);
      if (value < threshold) break;
      weight *= BASE - threshold;
    }
    const length = output.length + 1;
    bias = adapted(index - before, length, before === 0);
    codePoint += Math.floor(index / length);
    index %= length;
    if (!(codePoint <= LAST_CODE_POINT)) return null;
    output.splice(index++, 0, codePoint);
  }
  return String.fromCodePoint(...output);
}

function adapted(difference: number, length: number, first: boolean): number {
  let delta = first ? Math.floor(difference / DAMP) : Math.floor(difference / 2);
  delta += Math.floor(delta / length);
  let steps = 0;
  while (delta > ((BASE - T_MIN) * T_MAX) / 2) {
    delta = Math.floor(delta / (BASE - T_MIN));
    steps += BASE;
  }
  return steps + Math.floor(((BASE - T_MIN + 1) * delta) / (delta + SKEW));
}
