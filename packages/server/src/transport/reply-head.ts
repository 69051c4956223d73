import { transportLimits } from "./limits.ts";

/** The beginning of every status line, up to the status. `#` stands for a digit. */
const STATUS_PATTERN = "HTTP/#.# ###";
const [TAB, LF, CR, SPACE, COMMA, ZERO, THREE, COLON] = [0x09, 0x0a, 0x0d, 0x20, 0x2c, 0x30, 0x33, 0x3a] as const;
const [LETTER_C, LETTER_T] = [0x63, 0x74] as const;

/**
 * Passes the bytes of replies to undici's HTTP parser, and rewrites what the parser refuses although HTTP allows it:
 *
 * - Status 100 without a request for it (RFC 9110 section 15.2) becomes 103, which undici passes over.
 * - A folded header line (RFC 9112 section 5.2) becomes one line.
 * - A repeated Content-Length with the same value (RFC 9110 section 8.6) is removed.
 *
 * The parser's own options for this cannot be set in undici. A status below 100 is made unreadable: the parser would
 * accept it, and undici would then fail an assertion. Bytes of bodies and of ordinary heads pass unchanged.
 */
export class ReplyHead {
  /** The status of the final reply; 0: no readable one came. */
  status = 0;
  /** The fault of the head, where the parser's own reason would be misleading. */
  fault: string | null = null;
  /** Bytes of a reply have arrived. */
  hasBegun = false;
  #part: "status" | "rest of status line" | "headers" | "body" = "body";
  /** The bytes of an incomplete status or header line. */
  #held: Buffer | null = null;
  #isInterim = false;
  #length: string | null = null;
  #isChunked = false;

  /** Call when a request is sent. */
  begin(): void {
    this.status = 0;
    this.fault = null;
    this.hasBegun = false;
    this.#held = null;
    this.#beginReply();
  }

  /** Returns the bytes for the parser; null: they are held back until more bytes arrive. */
  pass(bytes: Buffer): Buffer | null {
    this.hasBegun = true;
    if (this.#part === "body") return bytes;
    if (this.#part === "status" && this.#held === null) {
      const status = statusOfOrdinaryHead(bytes);
      if (status !== 0) {
        this.status = status;
        this.#part = "body";
        return bytes;
      }
    }
    const all = this.#held === null ? bytes : Buffer.concat([this.#held, bytes]);
    this.#held = null;
    const passed = this.#rewrite(all);
    return passed.length === 0 ? null : passed;
  }

  #beginReply(): void {
    this.#part = "status";
    this.#isInterim = false;
    this.#length = null;
    this.#isChunked = false;
  }

  /** Each round of the loop takes the status, the rest of the status line, or one header line. */
  #rewrite(bytes: Buffer): Buffer {
    const passed: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      const part = this.#part;
      const end: number | "incomplete" =
        part === "status"
          ? this.#statusEnd(bytes, at)
          : part === "headers"
            ? this.#headerEnd(bytes, at)
            : part === "body"
              ? bytes.length
              : this.#lineEnd(bytes, at);
      if (end === "incomplete") {
        this.#hold(bytes.subarray(at), passed);
        break;
      }
      const line = bytes.subarray(at, end);
      at = end;
      passed.push(part === "headers" ? this.#header(line) : line);
      if (part === "rest of status line" && line.at(-1) === LF) this.#part = "headers";
    }
    return passed.length === 1 ? (passed[0] as Buffer) : Buffer.concat(passed);
  }

  /** A line that is longer than the whole head may be goes to the parser, which refuses it. */
  #hold(bytes: Buffer, passed: Buffer[]): void {
    if (bytes.length <= transportLimits.replyHeaderBytesMax) this.#held = bytes;
    else {
      passed.push(bytes);
      this.#part = "body";
    }
  }

  /** Reads the status at the beginning of `bytes`. Anything else than HTTP goes to the parser, which refuses it. */
  #statusEnd(bytes: Buffer, at: number): number | "incomplete" {
    const text = bytes.toString("latin1", at, at + STATUS_PATTERN.length);
    if (text.replaceAll(/\d/g, "#") !== STATUS_PATTERN.slice(0, text.length)) {
      this.#part = "body";
      return bytes.length;
    }
    if (text.length < STATUS_PATTERN.length) return "incomplete";
    const status = Number(text.slice(9));
    const lastDigit = at + STATUS_PATTERN.length - 1;
    this.#isInterim = status >= 100 && status < 200 && status !== 101;
    if (status < 100) {
      this.fault = `the reply has the status ${text.slice(9)}; the least status of HTTP is 100`;
      bytes[lastDigit] = LETTER_C;
    } else if (!this.#isInterim) this.status = status;
    if (status === 100) bytes[lastDigit] = THREE;
    this.#part = "rest of status line";
    return lastDigit + 1;
  }

  #lineEnd(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(LF, at);
    return lf === -1 ? bytes.length : lf + 1;
  }

  /**
   * Returns the end of the header line that begins at `at`, and of the lines that continue it. Only the byte after a
   * line shows whether the next line continues it.
   */
  #headerEnd(bytes: Buffer, at: number): number | "incomplete" {
    for (let from = at; ;) {
      const lf = bytes.indexOf(LF, from);
      if (lf === -1) return "incomplete";
      const isEmpty = lf === at || (lf === at + 1 && bytes[at] === CR);
      if (isEmpty) return lf + 1;
      if (lf + 1 === bytes.length) return "incomplete";
      const isContinued = bytes[lf + 1] === SPACE || bytes[lf + 1] === TAB;
      // The line after the status line continues nothing.
      if (!isContinued || bytes[at] === SPACE || bytes[at] === TAB) return lf + 1;
      if (bytes[lf - 1] === CR) bytes[lf - 1] = SPACE;
      bytes[lf] = SPACE;
      from = lf + 1;
    }
  }

  /** Returns the header line for the parser, which is empty for a repeated length. */
  #header(line: Buffer): Buffer {
    if (line.length <= 2 && (line[0] === CR || line[0] === LF)) {
      if (this.#isInterim) this.#beginReply();
      else this.#part = "body";
      return line;
    }
    const text = line.toString("latin1", 0, LENGTH_LINE_CHARS_MAX);
    if (/^transfer-encoding[ \t]*:/i.test(text)) this.#isChunked = true;
    const [, value] = /^content-length:(.*)/is.exec(text) ?? [];
    const rewritten = value === undefined ? line : this.#lengthLine(line, value);
    if (this.#isChunked && this.#length !== null) this.fault ??= "the reply has Transfer-Encoding and Content-Length";
    return rewritten;
  }

  #lengthLine(line: Buffer, value: string): Buffer {
    const [length = "", ...others] = value.split(",").map((each) => each.trim());
    if ([length, ...others].some((each) => each !== (this.#length ?? length))) {
      this.fault ??= "the reply has different values of Content-Length";
      return line;
    }
    if (this.#length !== null) return line.subarray(0, 0);
    this.#length = length;
    return others.length === 0 ? line : Buffer.from(`Content-Length: ${length}\r\n`, "latin1");
  }
}

/** A Content-Length line is far shorter. */
const LENGTH_LINE_CHARS_MAX = 1024;

/**
 * Returns the status of a complete head that undici's parser can read as it is: a final status, no folded line, at most
 * one Content-Length, and not both kinds of length. Returns 0 for any other head. Nearly all heads are ordinary, so
 * this is one pass over the bytes that creates nothing. Header names are recognised by first letter and length. A wrong
 * guess only costs time.
 */
function statusOfOrdinaryHead(bytes: Buffer): number {
  const digit = (index: number): number => {
    const value = (bytes[index] ?? 0) - ZERO;
    return value >= 0 && value <= 9 ? value : Number.NaN;
  };
  const isHttp1 = bytes[0] === 0x48 && bytes[1] === 0x54 && bytes[2] === 0x54 && bytes[3] === 0x50 && bytes[5] === 0x31;
  const status = digit(9) * 100 + digit(10) * 10 + digit(11);
  if (!isHttp1 || bytes[8] !== SPACE || !(status >= 200)) return 0;
  let lengths = 0;
  for (let at = STATUS_PATTERN.length; at < bytes.length; at++) {
    if (bytes[at] !== LF) continue;
    const next = bytes[at + 1];
    if (bytes[at - 1] !== CR || next === SPACE || next === TAB) return 0;
    if (next === CR) return bytes[at + 2] === LF ? status : 0;
    const letter = (next ?? 0) | 0x20;
    const isLength = letter === LETTER_C && bytes[at + 1 + "content-length".length] === COLON;
    const isCoding = letter === LETTER_T && bytes[at + 1 + "transfer-encoding".length] === COLON;
    if (!isLength && !isCoding) continue;
    lengths += 1;
    if (lengths > 1) return 0;
    if (isLength && hasComma(bytes, at + 1)) return 0;
  }
  return 0;
}

/** True if the line that begins at `from` has a comma. */
function hasComma(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length && bytes[at] !== CR; at++) {
    if (bytes[at] === COMMA) return true;
  }
  return false;
}
