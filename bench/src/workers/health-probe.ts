import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { nowMs } from "../clock.ts";

const PAUSE_MS = 2;

/** Requests `/healthz` again and again, and measures the longest time of an answer. */
export function start() {
  let longestMs = 0;
  let sinceMs: number | null = null;
  return {
    /** Starts the requests. They go on until the process ends. */
    probe(origin: string): void {
      const pool = new Pool(origin, { connections: 1 });
      void (async () => {
        for (;;) {
          sinceMs = nowMs();
          const { body } = await pool.request({ method: "GET", path: "/healthz" });
          await body.dump();
          longestMs = Math.max(longestMs, nowMs() - sinceMs);
          sinceMs = null;
          await delay(PAUSE_MS);
        }
      })();
    },
    /** Returns the longest time since the last call, that of a request without an answer included. */
    takeLongestMs(): number {
      const taken = Math.max(longestMs, sinceMs === null ? 0 : nowMs() - sinceMs);
      longestMs = 0;
      return taken;
    },
  };
}
