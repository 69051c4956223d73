import type { Socket } from "node:net";
import { allConnectionsInUse } from "./connection-budget.ts";
import { targetOf } from "./connector.ts";
import { describeError } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { Network } from "./network.ts";
import type { Endpoint, PostResult } from "./port.ts";
import { Post } from "./post.ts";

const LENGTH_BYTES = 4;
const tooMuch = `the receiver sent more than ${transportLimits.tcpReceivedBytesMax} bytes`;

/**
 * One message over its own TCP connection: four bytes of length, then the text, then the end of the stream. There is no
 * reply. So the message counts as sent when all bytes were written and the receiver has ended its side too, or when
 * `tcpEndMsMax` has passed after the last byte. A reset before that means that the receiver did not read the message. A
 * receiver that accepts the bytes but never reads them is not detected.
 */
export class TcpPost extends Post {
  readonly #network: Network;
  #isInBudget = false;
  #socket: Socket | null = null;
  #cancelConnect: (() => void) | null = null;
  #cancelWait: (() => void) | null = null;
  #written = false;
  #receivedBytes = 0;

  constructor(network: Network, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void) {
    super(network, endpoint, body, done);
    this.#network = network;
  }

  start(): void {
    const target = targetOf(this.endpoint);
    if (target === null) return this.finish("connect_failed", `"${this.endpoint.origin}" is no origin`);
    if (!this.#network.budget.take()) return this.finish("connect_failed", allConnectionsInUse);
    this.#isInBudget = true;
    const cancel = this.#network.connect(target, (failure, socket, peer = "") => {
      this.#cancelConnect = null;
      if (socket === null) this.finish(failure?.code ?? "connect_failed", failure?.detail);
      else this.#write(socket, peer);
    });
    if (this.#socket === null && !this.isFinished) this.#cancelConnect = cancel;
  }

  override end(why: "timeout" | "aborted"): void {
    if (this.#written) this.finish(null);
    else super.end(why);
  }

  protected override waitedFor(): string {
    return this.#socket === null ? "no connection" : "the receiver did not take the whole message";
  }

  protected override release(): void {
    this.#cancelConnect?.();
    this.#cancelWait?.();
    this.#socket?.destroy();
    if (this.#isInBudget) this.#network.budget.release();
  }

  #write(socket: Socket, peer: string): void {
    this.#socket = socket;
    const ended = (): void => {
      if (this.#written) this.finish(null);
      else this.finish("connection_reset", `${peer} closed the connection before it had the whole message`);
    };
    socket.on("error", (error) => this.finish("connection_reset", `${describeError(error)}, ${peer}`));
    if (!this.mayBegin()) return;
    socket.on("data", (chunk) => this.#onReceived(chunk.length));
    socket.on("end", ended);
    socket.on("close", ended);
    socket.cork();
    socket.write(lengthOf(this.body, this.endpoint.path));
    socket.write(this.body, (error) => {
      if (!error) this.#onWritten();
    });
    socket.end();
  }

  #onWritten(): void {
    this.#written = true;
    if (this.isFinished) return;
    this.#cancelWait = this.#network.timers.after(transportLimits.tcpEndMsMax, () => this.finish(null));
  }

  /** Everything that the receiver sends must be read. Otherwise the end of the receiver's side would not be noticed. */
  #onReceived(bytes: number): void {
    this.#receivedBytes += bytes;
    if (this.#receivedBytes > transportLimits.tcpReceivedBytesMax)
      this.finish(this.#written ? null : "bad_reply", tooMuch);
  }
}

function lengthOf(body: Uint8Array, path: string): Uint8Array {
  const length = new DataView(new ArrayBuffer(LENGTH_BYTES));
  length.setUint32(0, body.byteLength, path === "/?byteOrder=little");
  return new Uint8Array(length.buffer);
}
