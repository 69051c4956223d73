import { Socket } from "node:net";
import { expect, it } from "vitest";
import { whileConnected } from "./socket-close.ts";

const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

it("aborts the signal of the work when the client disconnects", async () => {
  const socket = new Socket();
  const { promise, resolve } = Promise.withResolvers<void>();
  let gone: AbortSignal | null = null;
  const working = whileConnected(socket, (signal) => {
    gone = signal;
    return promise;
  });
  expect(gone).toMatchObject({ aborted: false });
  const closing = closed(socket);
  socket.destroy();
  await closing;
  expect(gone).toMatchObject({ aborted: true });
  resolve();
  await working;
});

it("gives work for a client that has disconnected before an aborted signal", async () => {
  const socket = new Socket();
  socket.destroy();
  expect(await whileConnected(socket, async ({ aborted }) => aborted)).toBe(true);
});

it("stops listening to the socket after the work", async () => {
  const socket = new Socket();
  const gone = await whileConnected(socket, async (signal) => signal);
  const closing = closed(socket);
  socket.destroy();
  await closing;
  expect(gone.aborted).toBe(false);
});
