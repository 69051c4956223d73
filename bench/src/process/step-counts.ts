/**
 * Preloaded into the server. Counts what the server's main thread does, by kind. The counting itself costs CPU time, so
 * a server that counts is not measured otherwise. Each message to the process is answered with the counts since the
 * start.
 */
import { createHook } from "node:async_hooks";
import { performance } from "node:perf_hooks";
import { MessagePort, Worker } from "node:worker_threads";

export interface StepCounts {
  /** Turns of the event loop. */
  readonly turns: number;
  /** Timers that were set: `setTimeout` and `setInterval`. */
  readonly timers: number;
  readonly promises: number;
  /** Messages to other threads, sent by the main thread. */
  readonly threadMessages: number;
}

const made = new Map<string, number>();
let threadMessages = 0;

createHook({
  init(_id, type) {
    made.set(type, (made.get(type) ?? 0) + 1);
  },
}).enable();

for (const { prototype } of [MessagePort, Worker] as readonly { readonly prototype: object }[]) {
  const postMessage: unknown = Reflect.get(prototype, "postMessage");
  if (typeof postMessage !== "function") throw new TypeError("there is no postMessage to count");
  const counted = new Proxy(postMessage, {
    apply(target, port, given) {
      threadMessages++;
      Reflect.apply(target as () => unknown, port, given);
    },
  });
  Reflect.set(prototype, "postMessage", counted);
}

process.on("message", () => {
  const counts: StepCounts = {
    turns: performance.nodeTiming.uvMetricsInfo.loopCount,
    timers: made.get("Timeout") ?? 0,
    promises: made.get("PROMISE") ?? 0,
    threadMessages,
  };
  process.send?.(counts);
});
process.channel?.unref();
