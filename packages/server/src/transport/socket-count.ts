import type { Socket } from "node:net";

/** Counts open sockets, from before they connect until they are closed. */
export class SocketCount {
  #open = 0;
  #noneWaiters: (() => void)[] = [];

  get value(): number {
    return this.#open;
  }

  add(socket: Socket): void {
    this.#open += 1;
    socket.once("close", () => {
      this.#open -= 1;
      if (this.#open > 0) return;
      for (const resolve of this.#noneWaiters.splice(0)) resolve();
    });
  }

  /** Resolves when no socket is open. */
  none(): Promise<void> {
    if (this.#open === 0) return Promise.resolve();
    return new Promise((resolve) => this.#noneWaiters.push(resolve));
  }
}
