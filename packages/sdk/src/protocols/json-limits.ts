/** Limits of JSON, which are checked before anything is built from the text. */

export interface JsonLimits {
  /** The deepest nesting of objects and arrays. A text without brackets has depth 0, `[]` has depth 1. */
  readonly depthMax: number;
  /** The most values: every member of an object, every element of an array, and the whole text count. */
  readonly valuesMax: number;
  /** The most members of one object. An object with thousands of names takes several times the time of an array. */
  readonly membersMax?: number;
}

/**
 * The longest number. Programs with numbers of any length take quadratic time to read one, so Python refuses more than
 * 4,300 digits.
 */
export const jsonNumberCharsMax = 4096;
