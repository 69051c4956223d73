/** A text without the ends that it shares with `base`. */
export interface ShortText {
  readonly base: string;
  /** The number of characters that both texts begin with, and the number that both end with. */
  readonly start: number;
  readonly end: number;
  /** The characters between them. */
  readonly middle: string;
}

const basesMax = 8;

/**
 * Shortens texts that are alike but for one part, such as the settings of subscriptions, which often differ in their
 * URL only. The last few texts that were like no other are the bases of later ones.
 */
export class SimilarTexts {
  #bases: readonly string[] = [];

  shorten(text: string): ShortText {
    for (const base of this.#bases) {
      const start = sharedStart(base, text);
      const end = sharedEnd(base, text, Math.min(base.length, text.length) - start);
      if (start + end >= text.length / 2) {
        return { base, start, end, middle: withoutParent(text.slice(start, text.length - end)) };
      }
    }
    this.#bases = [text, ...this.#bases.slice(0, basesMax - 1)];
    return { base: text, start: text.length, end: 0, middle: "" };
  }
}

export function wholeText({ base, start, end, middle }: ShortText): string {
  return base.slice(0, start) + middle + base.slice(base.length - end);
}

function sharedStart(one: string, other: string): number {
  const max = Math.min(one.length, other.length);
  let count = 0;
  while (count < max && one.charCodeAt(count) === other.charCodeAt(count)) count++;
  return count;
}

function sharedEnd(one: string, other: string, max: number): number {
  let count = 0;
  while (count < max && one.charCodeAt(one.length - 1 - count) === other.charCodeAt(other.length - 1 - count)) count++;
  return count;
}

/** Copies a part of a string, which otherwise keeps the whole string in memory. Lone surrogates are kept. */
function withoutParent(part: string): string {
  return Buffer.from(part, "utf16le").toString("utf16le");
}
