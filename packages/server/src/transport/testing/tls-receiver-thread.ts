import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { tlsFixture } from "./tls-fixture.ts";

const program = `
const { createServer } = require("node:https");
const { parentPort, workerData } = require("node:worker_threads");
const counts = new Int32Array(workerData.counts);
const server = createServer(workerData.tls, (request, response) => {
  request.resume().once("end", () => response.end("ok", () => {
    Atomics.add(counts, 0, 1);
    Atomics.notify(counts, 0);
  }));
});
server.on("secureConnection", () => Atomics.add(counts, 1, 1));
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** A TLS receiver in a thread of its own, which replies even while the test's thread does nothing. */
export async function startTlsReceiverThread() {
  const counts = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(program, { eval: true, workerData: { counts: counts.buffer, tls: tlsFixture } });
  const [port] = (await once(worker, "message")) as [number];
  return {
    origin: `https://127.0.0.1:${port}`,
    /** Blocks this thread until the receiver has written this number of replies. */
    waitForReplies(count: number): void {
      for (let seen = 0; seen < count; seen = Atomics.load(counts, 0)) {
        // Without a limit, a mistake in a test would also block the test runner's time limit.
        if (Atomics.wait(counts, 0, seen, 10_000) === "timed-out") throw new Error(`only ${seen} requests came`);
      }
    },
    get connections(): number {
      return Atomics.load(counts, 1);
    },
    [Symbol.asyncDispose]: async () => void (await worker.terminate()),
  };
}
