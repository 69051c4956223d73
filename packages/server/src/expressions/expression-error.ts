/** A position in the text of an expression; line and column begin with 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * A fault of an expression, or of its evaluation for one message. `position`: null if the fault is not at one
 * place of the text.
 */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
  /** The sentence without the position. */
  readonly fault: string;
  readonly position: Position | null;
  /** The member of the transformation, such as `headers.x-id`; null: the error is about no member. */
  readonly member: string | null;

  constructor(fault: string, position: Position | null = null, member: string | null = null) {
    const text = position === null ? fault : `line ${position.line}, column ${position.column}: ${fault}`;
    super(member === null ? text : `push.transform.${member}: ${text}`);
    this.fault = fault;
    this.position = position;
    this.member = member;
  }

  /** The same error about a member of the transformation. */
  in(member: string): ExpressionError {
    return new ExpressionError(this.fault, this.position, member);
  }
}

/** The position of a character. Offsets beyond the end give the position after the last character. */
export function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: before.length - lineStart + 1 };
}
