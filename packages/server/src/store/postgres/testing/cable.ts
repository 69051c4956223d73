import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

interface Direction {
  readonly from: Socket;
  readonly to: Socket;
  readonly isAnswer: boolean;
}

/**
 * A TCP relay to a server. The relay can be cut, which both ends notice immediately. The relay can also be stalled:
 * then bytes do not arrive, and neither end notices.
 */
export class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #directions = new Set<Direction>();
  readonly #stalled = new Set<Direction>();
  readonly port: number;
  #to: number;
  #isCut = false;
  #isStalled = false;

  private constructor(server: Server, port: number, to: number) {
    this.#server = server;
    this.port = port;
    this.#to = to;
  }

  static async to(port: number): Promise<Cable> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const cable = new Cable(server, (server.address() as AddressInfo).port, port);
    server.on("connection", (near) => cable.#join(near));
    return cable;
  }

  /** Cuts all connections, and refuses new ones until `mend`. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connects new connections to another server, as when an address moves. */
  leadTo(port: number): void {
    this.#to = port;
  }

  mend(): void {
    this.#isCut = false;
  }

  /**
   * `connections`: existing connections stall, and new ones work. `answers`: only bytes from the server stall, as with
   * a node that hangs.
   */
  stall(what: "everything" | "connections" | "answers" = "everything"): void {
    this.#isStalled = what === "everything";
    for (const direction of this.#directions) if (what !== "answers" || direction.isAnswer) this.#hold(direction);
  }

  /** Delivers the bytes that were stalled. */
  flow(): void {
    this.#isStalled = false;
    for (const { from, to } of this.#stalled) {
      if (from.destroyed) to.destroy();
      else from.pipe(to);
    }
    this.#stalled.clear();
  }

  async close(): Promise<void> {
    this.cut();
    this.#stalled.clear();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(near: Socket): void {
    if (this.#isCut) {
      near.destroy();
      return;
    }
    const far = connect(this.#to, "127.0.0.1");
    for (const direction of [
      { from: near, to: far, isAnswer: false },
      { from: far, to: near, isAnswer: true },
    ]) {
      const { from: one, to: other } = direction;
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        this.#directions.delete(direction);
        // While the relay is stalled, the other end must not notice the close.
        if (!this.#stalled.has(direction)) other.destroy();
      });
      this.#directions.add(direction);
      if (this.#isStalled) this.#hold(direction);
      else one.pipe(other);
    }
  }

  #hold(direction: Direction): void {
    const { from, to } = direction;
    from.unpipe(to);
    from.pause();
    this.#stalled.add(direction);
  }
}
