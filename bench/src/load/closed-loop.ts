import { Pool } from "undici";
import { nowMs } from "../clock.ts";
import type { ClosedLoop, LoadReport } from "./commands.ts";
import { oneRequest } from "./one-request.ts";
import { Tally } from "./tally.ts";

/** After a refusal a worker rests this long, or a server that is down would be asked a hundred thousand times. */
const REFUSED_REST_MS = 10;

/** Keeps `concurrency` requests in flight: each answer starts the next request. */
export async function closedLoop(loop: ClosedLoop): Promise<LoadReport> {
  const pool = new Pool(loop.origin, { connections: loop.concurrency, pipelining: 1 });
  const tally = new Tally(loop);
  const deadlineMs = nowMs() + loop.durationMs;
  let started = 0;
  const worker = (): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        if (started >= loop.requestsMax || nowMs() >= deadlineMs) return resolve();
        started += 1;
        oneRequest(pool, loop, loop.body, (error, status, body) => {
          if (error === null) tally.answered(status, body);
          else tally.failed(error);
          if (status === loop.okStatus) next();
          else setTimeout(next, REFUSED_REST_MS);
        });
      };
      next();
    });
  await Promise.all(Array.from({ length: loop.concurrency }, worker));
  const report = tally.report();
  await pool.close();
  return report;
}
