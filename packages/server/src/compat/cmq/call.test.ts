import { Socket } from "node:net";
import { expect, it } from "vitest";
import { SocketCall } from "./call.ts";
import { Parameters } from "./parameters.ts";

const closed = (socket: Socket) => new Promise((resolve) => socket.once("close", resolve));

it("aborts its signal when the client disconnects", async () => {
  const socket = new Socket();
  const gone = new SocketCall(new Parameters(new Map()), socket).gone();
  expect(gone.aborted).toBe(false);
  const closing = closed(socket);
  socket.destroy();
  await closing;
  expect(gone.aborted).toBe(true);
});

it("stops listening to the socket after the response", async () => {
  const socket = new Socket();
  const call = new SocketCall(new Parameters(new Map()), socket);
  const gone = call.gone();
  call.end();
  const closing = closed(socket);
  socket.destroy();
  await closing;
  expect(gone.aborted).toBe(false);
});
