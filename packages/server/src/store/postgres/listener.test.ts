import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { expect, it } from "vitest";
import { systemTimers } from "../../domain/ports.ts";
import { Listener } from "./listener.ts";

// Faked: the database. A socket accepts connections and never sends anything.
it("ends at once, also while it is connecting to a server that does not answer", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const listener = new Listener({
    url: `postgres://ringback@127.0.0.1:${(server.address() as AddressInfo).port}/x`,
    applicationName: "test",
    nodeId: 1,
    timers: systemTimers,
    heard: () => {},
    missed: () => {},
  });
  const starting = listener.start();
  const [socket] = (await once(server, "connection")) as [Socket];
  await Promise.all([listener.close(), starting]);
  expect(listener.isUp).toBe(false);
  socket.destroy();
  server.close();
});
