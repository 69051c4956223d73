import type { Socket } from "node:net";
import { parseTarget } from "./connector.ts";
import type { GuardedNetwork } from "./guarded-network.ts";
import { HandOver, type HandOverSetting } from "./hand-over.ts";
import { transportLimits } from "./limits.ts";
import type { Endpoint, PostResult } from "./port.ts";

export interface TcpSetting extends HandOverSetting {
  readonly network: GuardedNetwork;
}

const LENGTH_BYTES = 4;

/**
 * One message over a TCP connection of its own: four bytes of length, the text, the end. There is no reply, so the message
 * counts as handed over when all of it was written and the receiver has ended its side too, or has kept quiet for
 * `tcpEndMsMax`. A reset before that means that it was not read. A receiver that takes the bytes and never reads them
 * cannot be told from one that does.
 */
export class TcpPost extends HandOver {
  private readonly network: GuardedNetwork;
  private readonly endpoint: Endpoint;
  private hasPlace = false;
  private socket: Socket | null = null;
  private cancelConnect: (() => void) | null = null;
  private cancelWait: (() => void) | null = null;
  private written = false;
  private heardBytes = 0;

  constructor(setting: TcpSetting, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void) {
    super(setting, endpoint, body, done);
    this.network = setting.network;
    this.endpoint = endpoint;
  }

  start(): void {
    const target = parseTarget(this.endpoint.origin);
    if (target === null || !this.network.budget.take()) return this.finish("connect_failed");
    this.hasPlace = true;
    const cancel = this.network.connect(target, (failure, socket) => {
      this.cancelConnect = null;
      if (socket === null) this.finish(failure?.code ?? "connect_failed");
      else this.write(socket);
    });
    if (this.socket === null && !this.finished) this.cancelConnect = cancel;
  }

  end(why: "timeout" | "aborted"): void {
    this.finish(this.written ? null : why);
  }

  protected letGo(): void {
    this.cancelConnect?.();
    this.cancelWait?.();
    this.socket?.destroy();
    if (this.hasPlace) this.network.budget.give();
  }

  private write(socket: Socket): void {
    this.socket = socket;
    socket.on("error", () => this.finish("connection_reset"));
    if (!this.mayBegin()) return;
    socket.on("data", (chunk) => this.onHeard(chunk.length));
    socket.on("end", () => this.finish(this.written ? null : "connection_reset"));
    socket.on("close", () => this.finish(this.written ? null : "connection_reset"));
    socket.cork();
    socket.write(lengthOf(this.body, this.endpoint.path));
    socket.write(this.body, (error) => {
      if (!error) this.onWritten();
    });
    socket.end();
  }

  private onWritten(): void {
    this.written = true;
    if (this.finished) return;
    this.cancelWait = this.network.timers.after(transportLimits.tcpEndMsMax, () => this.finish(null));
  }

  /** Whatever it says is read, or the end of its side would not be seen. */
  private onHeard(bytes: number): void {
    this.heardBytes += bytes;
    if (this.heardBytes > transportLimits.tcpHeardBytesMax) this.finish(this.written ? null : "bad_reply");
  }
}

function lengthOf(body: Uint8Array, path: string): Uint8Array {
  const length = new DataView(new ArrayBuffer(LENGTH_BYTES));
  length.setUint32(0, body.byteLength, path === "/?byteOrder=little");
  return new Uint8Array(length.buffer);
}
