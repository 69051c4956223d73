/** Real: an HTTP server of Node, sockets on the loopback interface. Nothing is faked. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { onResponseSent } from "./response-sent.ts";

/** Longer than any test, so that a connection is cut only in tests that set a shorter time. */
const waitMsMax = 600_000;
let close = (): void => {};

afterEach(() => close());

/** Sends one request, which `answer` handles. `answer` adds the reported values to `reports`. */
async function request(answer: (request: IncomingMessage, response: ServerResponse, reports: boolean[]) => unknown) {
  const reports: boolean[] = [];
  const server = createServer((incoming, response) => void answer(incoming, response, reports));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.on("error", () => undefined);
  client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  close = () => {
    client.destroy();
    server.close();
    server.closeAllConnections();
  };
  return { client, reports };
}

/** More bytes than fit into the buffers of a connection. */
const large = Buffer.alloc(32 * 1024 * 1024);

describe("a response", () => {
  it("is reported as sent when the client's connection has all of it, and only once", async () => {
    const { client, reports } = await request(({ socket }, response, all) => {
      onResponseSent(response, socket, waitMsMax, (isSent) => all.push(isSent));
      response.end("whole");
    });
    await once(client, "data");
    client.destroy();
    await expect.poll(() => reports).toEqual([true]);
  });

  it("is reported as not sent when the client leaves in the middle of it", async () => {
    const { client, reports } = await request(({ socket }, response, all) => {
      onResponseSent(response, socket, waitMsMax, (isSent) => all.push(isSent));
      response.end(large);
    });
    await once(client, "readable");
    expect(reports).toEqual([]);
    client.destroy();
    await expect.poll(() => reports).toEqual([false]);
  });

  it("is reported as not sent when its connection had ended before", async () => {
    const { reports } = await request(async ({ socket }, response, all) => {
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
      onResponseSent(response, socket, waitMsMax, (isSent) => all.push(isSent));
      response.end("late");
    });
    await expect.poll(() => reports).toEqual([false]);
  });

  it("of a client that does not read it in time is reported as not sent, and the connection is cut", async () => {
    let socketOfServer: Socket | null = null;
    const { client, reports } = await request(({ socket }, response, all) => {
      socketOfServer = socket;
      onResponseSent(response, socket, 1, (isSent) => all.push(isSent));
      response.end(large);
    });
    client.pause();
    await expect.poll(() => reports).toEqual([false]);
    expect(socketOfServer).toMatchObject({ destroyed: true });
  });
});
