import { Socket } from "node:net";
import { expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import { SocketCount } from "./socket-count.ts";
import { connectTcp } from "./tcp-connect.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";

// Faked: sockets and time. A socket connects or fails when the test says so.
function start(addresses: readonly string[]) {
  const time = new ManualTime();
  const sockets = new SocketCount();
  const opened: { address: string; socket: Socket }[] = [];
  const heard: { code: string | undefined; socket: Socket | null }[] = [];
  const cancel = connectTcp(
    addresses,
    80,
    {
      timers: time,
      sockets,
      open: (address) => {
        const socket = new Socket();
        opened.push({ address, socket });
        return socket;
      },
    },
    (failure, socket) => heard.push({ code: failure?.code, socket }),
  );
  const fail = (index: number, code: string) => opened[index]?.socket.destroy(Object.assign(new Error(code), { code }));
  return { time, sockets, opened, heard, cancel, fail, tried: () => opened.map((entry) => entry.address) };
}

test("a single address needs no timer, and its socket is returned", () => {
  const { time, opened, heard } = start(["192.0.2.1"]);
  expect(time.timersRunning).toBe(0);
  opened[0]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[0]?.socket }]);
});

test("address families alternate, beginning with the resolver's first address", async () => {
  const addresses = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"];
  const { time, tried, cancel } = start(addresses);
  time.advance(10 * transportLimits.connectStaggerMs);
  expect(tried()).toEqual(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"]);
  cancel();
});

test("the next address is tried at once when one fails", async () => {
  const { tried, fail, heard, opened } = start(["192.0.2.1", "192.0.2.2"]);
  fail(0, "ENETUNREACH");
  await eventually(tried).toEqual(["192.0.2.1", "192.0.2.2"]);
  opened[1]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[1]?.socket }]);
});

test("an address that does not answer is closed when the next one connects", async () => {
  const { time, tried, heard, opened, sockets } = start(["192.0.2.1", "192.0.2.2"]);
  time.advance(transportLimits.connectStaggerMs - 1);
  expect(tried()).toHaveLength(1);
  time.advance(1);
  expect(tried()).toHaveLength(2);
  opened[1]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[1]?.socket }]);
  expect(opened[0]?.socket.destroyed).toBe(true);
  await eventually(() => sockets.value).toBe(1);
});

test("a slow first address may still connect while the second is being tried", () => {
  const { time, heard, opened } = start(["192.0.2.1", "192.0.2.2"]);
  time.advance(transportLimits.connectStaggerMs);
  opened[0]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[0]?.socket }]);
  expect(opened[1]?.socket.destroyed).toBe(true);
});

test("when all addresses fail and one refused, the error is connect_refused", async () => {
  const { fail, heard, tried, sockets } = start(["192.0.2.1", "192.0.2.2"]);
  fail(0, "ECONNREFUSED");
  await eventually(tried).toHaveLength(2);
  fail(1, "EHOSTUNREACH");
  await eventually(() => heard.length).toBe(1);
  expect(heard).toEqual([{ code: "connect_refused", socket: null }]);
  await eventually(() => sockets.value).toBe(0);
});

test("when all addresses are unreachable, the error is connect_failed", async () => {
  const { fail, heard } = start(["192.0.2.1"]);
  fail(0, "ETIMEDOUT");
  await eventually(() => heard.length).toBe(1);
  expect(heard).toEqual([{ code: "connect_failed", socket: null }]);
});

test("at most addressesTriedMax addresses are tried", () => {
  const { time, tried, cancel } = start(Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`));
  time.advance(100 * transportLimits.connectStaggerMs);
  expect(tried()).toHaveLength(transportLimits.addressesTriedMax);
  cancel();
});

test("cancelling closes every socket without a result", async () => {
  const { time, cancel, heard, sockets } = start(["192.0.2.1", "192.0.2.2"]);
  time.advance(transportLimits.connectStaggerMs);
  cancel();
  await sockets.none();
  expect(heard).toEqual([]);
  expect(time.timersRunning).toBe(0);
});
