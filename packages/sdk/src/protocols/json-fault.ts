/**
 * Why a text was refused: it is not JSON, or it exceeds a limit. The message continues the word "JSON": "deeper than 8
 * levels".
 */
export class JsonFault extends Error {
  readonly kind: "syntax" | "limit";
  /** The index of the byte at which the fault was found. */
  readonly index: number;

  constructor(kind: "syntax" | "limit", index: number, message: string) {
    super(message);
    this.kind = kind;
    this.index = index;
  }
}
