import { afterEach, expect, it } from "vitest";
import { publishOne } from "../load/requests.ts";
import { WorkerProcess } from "./worker-process.ts";

// Real: worker processes and their sockets. Nothing is faked.

const workers: WorkerProcess<"load" | "bare-server">[] = [];
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.stop())));

function started<M extends "load" | "bare-server">(mode: M): WorkerProcess<M> {
  const worker = new WorkerProcess(mode);
  workers.push(worker);
  return worker;
}

const limits = { concurrency: 1, durationMs: Infinity, requestsMax: 2 };

it("answers the commands of its mode in a process of its own", async () => {
  const port = await started("bare-server").call("port");
  const target = { ...publishOne(`http://127.0.0.1:${port}`, "t", 10), path: "/50", okStatus: 200, readReply: false };
  const report = await started("load").call("closedLoop", { ...target, ...limits });
  expect(report).toMatchObject({ requests: 2, acceptedMessages: 2, ids: [], refused: {} });
});

it("rejects a call whose command fails, and answers the next call", async () => {
  const load = started("load");
  const loop = { ...publishOne("not an origin", "t", 10), ...limits };
  await expect(load.call("closedLoop", loop)).rejects.toThrow("Invalid URL");
  await expect(
    load.call("closedLoop", { ...loop, origin: "http://127.0.0.1:1", requestsMax: 1 }),
  ).resolves.toMatchObject({ acceptedMessages: 0, refused: { ECONNREFUSED: 1 } });
});

it("stops a worker that was never called", async () => {
  await started("load").stop();
});
