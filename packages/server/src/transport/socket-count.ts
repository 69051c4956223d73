import type { Socket } from "node:net";

/** Sockets that the operating system holds for us, from before they connect until they are closed. */
export class SocketCount {
  private open = 0;
  private whenNone: (() => void)[] = [];

  get value(): number {
    return this.open;
  }

  add(socket: Socket): void {
    this.open += 1;
    socket.once("close", () => {
      this.open -= 1;
      if (this.open > 0) return;
      const waiting = this.whenNone;
      this.whenNone = [];
      for (const resolve of waiting) resolve();
    });
  }

  none(): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenNone.push(resolve));
  }
}
