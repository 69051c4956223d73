import { Pool } from "undici";
import { nowMs } from "../clock.ts";
import { TIMESTAMP_CHARS } from "../receiver/ledger.ts";
import { spread } from "../statistics/percentiles.ts";
import type { Spread } from "../statistics/percentiles.ts";
import { Tally } from "./tally.ts";
import type { LoadReport } from "./tally.ts";
import { sendCounted } from "./target.ts";
import type { Target } from "./target.ts";

const CONNECTIONS = 64;
/** The most unanswered requests. With more, the server is too slow for the schedule, and the run fails. */
const unansweredMax = 10_000;

export interface OpenLoop extends Target {
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** Position in the body at which the scheduled time of the request is written. */
  readonly timestampOffset: number;
}

export interface OpenLoopReport extends LoadReport {
  /** Time from the scheduled time of a request to its reply. */
  readonly answeredMs: Spread;
  /** Time from the scheduled time of a request to its sending. This is the delay of the generator itself. */
  readonly sentLateMs: Spread;
}

/**
 * Sends at scheduled times, whether or not earlier requests were answered, and writes the scheduled time into each
 * request. When the server stalls, the waiting time of every scheduled request is measured. A closed loop would not
 * send those requests.
 */
export async function openLoop(loop: OpenLoop): Promise<OpenLoopReport> {
  const pool = new Pool(loop.origin, { connections: CONNECTIONS, pipelining: 1 });
  const tally = new Tally();
  const total = Math.max(1, Math.floor((loop.requestsPerSecond * loop.durationMs) / 1000));
  const answeredMs: number[] = [];
  const sentLateMs: number[] = [];

  await new Promise<void>((resolve, reject) => {
    const send = (scheduledMs: number): void => {
      sentLateMs.push(nowMs() - scheduledMs);
      sendCounted(pool, loop, withTimestamp(loop, scheduledMs), tally, () => {
        answeredMs.push(nowMs() - scheduledMs);
        if (answeredMs.length === total) resolve();
      });
    };
    const sendDue = (): void => {
      const due = Math.min(total, Math.floor(((nowMs() - tally.startedAtMs) * loop.requestsPerSecond) / 1000) + 1);
      for (let index = sentLateMs.length; index < due; index++) {
        send(tally.startedAtMs + (index * 1000) / loop.requestsPerSecond);
      }
      const unanswered = sentLateMs.length - answeredMs.length;
      if (unanswered > unansweredMax) reject(new Error(`${unanswered} requests are unanswered`));
      else if (sentLateMs.length < total) setTimeout(sendDue, 1);
    };
    sendDue();
  });

  const report = { ...tally.report(), answeredMs: spread(answeredMs), sentLateMs: spread(sentLateMs) };
  await pool.close();
  return report;
}

function withTimestamp(loop: OpenLoop, atMs: number): Uint8Array {
  const body = Buffer.from(loop.body);
  const timestamp = Math.round(atMs * 1000).toString();
  body.write(timestamp.padStart(TIMESTAMP_CHARS, "0"), loop.timestampOffset, "latin1");
  return body;
}
