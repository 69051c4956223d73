/** Reads the body of a request from a stream of Node, for the receivers, the server and the command line. */

import { BoundedBytes } from "./bounded-bytes.ts";

/** The members of Node's streams that are used, so that nothing of Node is imported. */
export interface BodyStream {
  readonly destroyed: boolean;
  readonly readableEnded: boolean;
  on(event: "data" | "end" | "error" | "close", listener: (piece: Uint8Array) => void): unknown;
}

/**
 * Why there is no body. `incomplete`: the stream ended early. `too_slow`: the time limit was reached, or `giveUp` was
 * called. `too_many_pieces`: most pieces have only a few bytes. `refused`: `take` returned false.
 */
export type BodyFault = "too_large" | "incomplete" | "too_slow" | "too_many_pieces" | "refused";

/**
 * The most pieces of a body, besides one for each 16 bytes. Reading a piece takes 2 µs, so 8 MB in HTTP chunks of one
 * byte would take 20 s. Programs that write every character as a chunk can still send a short text. Of a refused body,
 * twice as many pieces are dropped.
 */
const smallPiecesMax = 8 * 1024;
const pieceBytesMin = 16;

export interface BodyOptions {
  readonly bytesMax: number;
  /** The length in the Content-Length header; 0 when there is none. */
  readonly announcedBytes: number;
  /** Time limit of the whole body; null: the caller's server has a limit of its own. */
  readonly timeMsMax: number | null;
  /**
   * Bytes of a refused body that are still read and dropped. Most clients read the reply after they sent everything.
   */
  readonly droppedBytesMax: number;
  /** Whether a fault is reported only when the rest of the body has been dropped. */
  readonly dropsFirst: boolean;
  /**
   * Called with the size of each piece. False refuses the body. `giveUp` can be called later, from outside: while the
   * body still arrives, its bytes are dropped at once, and the fault is `too_slow`.
   */
  readonly take?: (bytes: number, giveUp: () => void) => boolean;
  /** Called when a refused body has more bytes or more small pieces than are dropped. */
  readonly exceeded?: () => void;
}

/**
 * Returns the bytes of the body, or why there are none. The pieces are copied into one buffer, so a body in pieces of
 * one byte takes no more memory than any other. Never rejects.
 */
export function readBody(stream: BodyStream, options: BodyOptions): Promise<Uint8Array | BodyFault> {
  const { bytesMax, announcedBytes, timeMsMax, droppedBytesMax, dropsFirst, take, exceeded } = options;
  if (stream.destroyed || stream.readableEnded) return Promise.resolve("incomplete");
  return new Promise((resolve) => {
    /** Most bodies are one piece, which need not be copied. Further pieces are in the buffer, after this one. */
    let firstPiece: Uint8Array | null = null;
    let buffer: BoundedBytes | null = null;
    let fault: BodyFault | null = null;
    let size = 0;
    let pieces = 0;
    let isOver = false;
    const giveUp = (): void => refuse("too_slow");
    const timer = timeMsMax === null ? undefined : setTimeout(giveUp, timeMsMax);
    const settle = (result: Uint8Array | BodyFault): void => {
      clearTimeout(timer);
      resolve(result);
    };

    // The listeners stay, since removing them costs more. They have no effect when the body is over.
    stream.on("data", onData);
    stream.on("end", () => end(fault ?? buffer?.bytes() ?? firstPiece ?? new Uint8Array(0)));
    stream.on("error", onLost);
    stream.on("close", onLost);
    if (announcedBytes > bytesMax) {
      refuse("too_large");
      if (dropsFirst && announcedBytes > droppedBytesMax) stop();
    }

    function onData(piece: Uint8Array): void {
      if (isOver) return;
      size += piece.length;
      pieces++;
      const piecesMax = smallPiecesMax + size / pieceBytesMin;
      if (fault !== null) {
        if (size > droppedBytesMax || pieces > 2 * piecesMax) stop();
      } else if (size > bytesMax) refuse("too_large");
      else if (pieces > piecesMax) refuse("too_many_pieces");
      else if (take?.(piece.length, giveUp) === false) refuse("refused");
      else if (firstPiece === null) firstPiece = piece;
      else {
        if (buffer === null) (buffer = new BoundedBytes(bytesMax, announcedBytes)).append(firstPiece);
        buffer.append(piece);
      }
    }

    function onLost(): void {
      end(fault ?? "incomplete");
    }

    function refuse(found: BodyFault): void {
      if (fault !== null || isOver) return;
      fault = found;
      buffer = firstPiece = null;
      if (!dropsFirst) settle(found);
      else if (found === "too_slow" || found === "too_many_pieces" || size > droppedBytesMax) stop();
    }

    /** Drops no more bytes. */
    function stop(): void {
      exceeded?.();
      onLost();
    }

    function end(result: Uint8Array | BodyFault): void {
      isOver = true;
      settle(result);
    }
  });
}
