import { Socket } from "node:net";
import { expect, test } from "vitest";
import { transportLimits } from "./limits.ts";
import { SocketCount } from "./socket-count.ts";
import { connectTcp } from "./tcp-connect.ts";
import { eventually } from "./testing/eventually.ts";
import { ManualTime } from "./testing/manual-time.ts";

// Sockets and time are faked: a socket connects or fails when the test says so.
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

test("one address: no timer, and the socket is handed over", () => {
  const { time, opened, heard } = start(["192.0.2.1"]);
  expect(time.timersRunning).toBe(0);
  opened[0]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[0]?.socket }]);
});

test("families take turns, beginning with the resolver's first", async () => {
  const addresses = ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2", "192.0.2.3"];
  const { time, tried, cancel } = start(addresses);
  time.advance(10 * transportLimits.connectStaggerMs);
  expect(tried()).toEqual(["2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3"]);
  cancel();
});

test("a failing address makes way for the next at once", async () => {
  const { tried, fail, heard, opened } = start(["192.0.2.1", "192.0.2.2"]);
  fail(0, "ENETUNREACH");
  await eventually(tried).toEqual(["192.0.2.1", "192.0.2.2"]);
  opened[1]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[1]?.socket }]);
});

test("a silent address is overtaken by the next and then closed", async () => {
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

test("a slow first address may still win while the second is being tried", () => {
  const { time, heard, opened } = start(["192.0.2.1", "192.0.2.2"]);
  time.advance(transportLimits.connectStaggerMs);
  opened[0]?.socket.emit("connect");
  expect(heard).toEqual([{ code: undefined, socket: opened[0]?.socket }]);
  expect(opened[1]?.socket.destroyed).toBe(true);
});

test("when all fail, one refusal makes it connect_refused", async () => {
  const { fail, heard, tried, sockets } = start(["192.0.2.1", "192.0.2.2"]);
  fail(0, "ECONNREFUSED");
  await eventually(tried).toHaveLength(2);
  fail(1, "EHOSTUNREACH");
  await eventually(() => heard.length).toBe(1);
  expect(heard).toEqual([{ code: "connect_refused", socket: null }]);
  await eventually(() => sockets.value).toBe(0);
});

test("when all are unreachable, it is connect_failed", async () => {
  const { fail, heard } = start(["192.0.2.1"]);
  fail(0, "ETIMEDOUT");
  await eventually(() => heard.length).toBe(1);
  expect(heard).toEqual([{ code: "connect_failed", socket: null }]);
});

test("a name with very many addresses costs a bounded number of tries", () => {
  const { time, tried, cancel } = start(Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`));
  time.advance(100 * transportLimits.connectStaggerMs);
  expect(tried()).toHaveLength(transportLimits.addressesTriedMax);
  cancel();
});

test("giving up closes every socket and says nothing", async () => {
  const { time, cancel, heard, sockets } = start(["192.0.2.1", "192.0.2.2"]);
  time.advance(transportLimits.connectStaggerMs);
  cancel();
  await sockets.none();
  expect(heard).toEqual([]);
  expect(time.timersRunning).toBe(0);
});
