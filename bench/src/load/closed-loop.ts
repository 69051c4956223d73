import { Pool } from "undici";
import { inClosedLoop } from "./tally.ts";
import type { LoadReport, LoopLimits } from "./tally.ts";
import { sendCounted } from "./target.ts";
import type { Target } from "./target.ts";

/** Pause of a sender after a refusal. Without it, a server that is down would get a hundred thousand requests. */
const REFUSED_PAUSE_MS = 10;

export interface ClosedLoop extends Target, LoopLimits {}

/** Keeps `concurrency` requests in flight: each reply starts the next request. */
export async function closedLoop(loop: ClosedLoop): Promise<LoadReport> {
  const pool = new Pool(loop.origin, { connections: loop.concurrency, pipelining: 1 });
  const report = await inClosedLoop(
    loop,
    (tally, more) =>
      new Promise((resolve) => {
        const next = (): void => {
          if (!more()) return resolve();
          sendCounted(pool, loop, loop.body, tally, (accepted) => {
            if (accepted) next();
            else setTimeout(next, REFUSED_PAUSE_MS);
          });
        };
        next();
      }),
  );
  await pool.close();
  return report;
}
