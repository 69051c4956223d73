import { IncomingMessage } from "node:http";

/** Pieces of a body that are passed on before other requests get a turn. */
const piecesAtOnce = 1_000;

/**
 * A request whose body may come in HTTP chunks of one byte. One read of its socket then has ten thousand pieces, for
 * which a stream of Node takes 50 ms. Here a piece that need not wait goes straight to the listeners of the event
 * `data`, in half of that time, and the socket is not read again in the same turn of the event loop.
 */
export class IncomingRequest extends IncomingMessage {
  #pieces = 0;

  /** Called by Node with each piece of the body, and with null at its end. */
  override push(piece: Uint8Array | null): boolean {
    if (piece === null || this.readableFlowing !== true || this.readableLength > 0) return super.push(piece);
    if (++this.#pieces === piecesAtOnce) this.#readOnLater();
    this.emit("data", piece);
    return true;
  }

  #readOnLater(): void {
    this.socket.pause();
    setImmediate(() => {
      this.#pieces = 0;
      this.socket.resume();
    });
  }
}
