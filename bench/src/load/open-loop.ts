import { Pool } from "undici";
import { nowMs } from "../clock.ts";
import { TIMESTAMP_CHARS } from "../receiver/ledger.ts";
import { spread } from "../statistics/percentiles.ts";
import type { OpenLoop, OpenLoopReport } from "./commands.ts";
import { oneRequest } from "./one-request.ts";
import { Tally } from "./tally.ts";

const CONNECTIONS = 64;
/** A server that falls this far behind the schedule is not keeping up: the run is given up. */
const unansweredMax = 10_000;

/**
 * Sends by the clock, whether or not earlier requests were answered, and dates every request by when it should have
 * been sent. So a server that stalls is charged for the requests that had to wait, which a closed loop would not send.
 */
export async function openLoop(loop: OpenLoop): Promise<OpenLoopReport> {
  const pool = new Pool(loop.origin, { connections: CONNECTIONS, pipelining: 1 });
  const tally = new Tally(loop);
  const total = Math.floor((loop.requestsPerSecond * loop.durationMs) / 1000);
  const startMs = nowMs();
  const answeredMs: number[] = [];
  const sentLateMs: number[] = [];
  let sent = 0;
  let answered = 0;

  await new Promise<void>((resolve, reject) => {
    const send = (intendedMs: number): void => {
      sent += 1;
      sentLateMs.push(nowMs() - intendedMs);
      oneRequest(pool, loop, stamped(loop, intendedMs), (error, status, body) => {
        if (error === null) tally.answered(status, body);
        else tally.failed(error);
        answeredMs.push(nowMs() - intendedMs);
        answered += 1;
        if (answered === total) resolve();
      });
    };
    const sendDue = (): void => {
      const due = Math.min(total, Math.floor(((nowMs() - startMs) * loop.requestsPerSecond) / 1000) + 1);
      for (let index = sent; index < due; index++) send(startMs + (index * 1000) / loop.requestsPerSecond);
      if (sent - answered > unansweredMax) reject(new Error(`${sent - answered} requests are without an answer`));
      else if (sent < total) setTimeout(sendDue, 1);
    };
    if (total === 0) resolve();
    else sendDue();
  });

  const report = { ...tally.report(), answeredMs: spread(answeredMs), sentLateMs: spread(sentLateMs) };
  await pool.close();
  return report;
}

function stamped(loop: OpenLoop, atMs: number): Uint8Array {
  const body = Buffer.from(loop.body);
  body.write(
    Math.round(atMs * 1000)
      .toString()
      .padStart(TIMESTAMP_CHARS, "0"),
    loop.timestampOffset,
    "latin1",
  );
  return body;
}
