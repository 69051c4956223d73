/** Real: servers and sockets on the loopback interface. Faked: the remote addresses of the sockets. */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ClientConnections, sourceOf } from "./client-connections.ts";

const isTrustedProxy = (address: string) => address === "192.0.2.9";
const refused = vi.fn<(source: string, count: number) => void>();
let accepted: Socket[];
let server: Server;
let open: ReadonlySet<Socket>;

beforeEach(() => {
  accepted = [];
  refused.mockClear();
  server = createServer((socket) => accepted.push(socket));
  open = new ClientConnections({ perSourceMax: 2, isTrustedProxy, refused }).watch(server);
});
afterEach(() => {
  vi.useRealTimers();
  server.close();
});

/** Gives the server a connection that seems to come from this address. */
function arrive(remoteAddress: string): Socket {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
  server.emit("connection", socket);
  return socket;
}

describe("the connections of a source", () => {
  it("are accepted up to the limit, and further ones are closed before the server sees them", async () => {
    const [first] = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map(arrive);
    expect(accepted).toHaveLength(3);
    expect(arrive("192.0.2.1").destroyed).toBe(true);
    expect(accepted).toHaveLength(3);
    first?.destroy();
    await expect.poll(() => open.size).toBe(2);
    expect(arrive("192.0.2.1").destroyed).toBe(false);
    expect(arrive("192.0.2.1").destroyed).toBe(true);
  });

  it.each(["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "192.0.2.9"])("have no limit from %s", (address) => {
    for (let i = 0; i < 5; i++) arrive(address);
    expect(accepted).toHaveLength(5);
  });

  it("are reported when they are refused, at most once per second, and all of them in the end", () => {
    vi.useFakeTimers();
    for (let i = 0; i < 12; i++) arrive("192.0.2.1");
    expect(refused.mock.calls).toEqual([["192.0.2.1", 1]]);
    vi.advanceTimersByTime(1_000);
    expect(refused.mock.calls.slice(1)).toEqual([["192.0.2.1", 9]]);
    vi.advanceTimersByTime(5_000);
    expect(refused).toHaveBeenCalledTimes(2);
    arrive("192.0.2.1");
    expect(refused).toHaveBeenCalledTimes(3);
  });

  it("are known until they end", async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await expect.poll(() => open.size).toBe(1);
    client.destroy();
    await expect.poll(() => open.size).toBe(0);
  });
});

describe("the source of a connection", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ])("of %s is %s", (address, source) => {
    expect(sourceOf(address)).toBe(source);
  });
});
