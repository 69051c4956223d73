import { Pool } from "undici";
import { nowMs } from "../clock.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import type { BareLoop, BareReport } from "./commands.ts";

interface Course {
  readonly pool: Pool;
  readonly options: { path: string; method: "POST"; headers: string[]; body: Uint8Array };
  /** Asked before every POST. */
  readonly more: () => boolean;
  readonly posted: (ok: boolean) => void;
}

export function requestLoop(loop: BareLoop): Promise<BareReport> {
  return run(loop, async ({ pool, options, more, posted }) => {
    while (more()) {
      const { statusCode, body } = await pool.request(options);
      await body.dump();
      posted(statusCode === 200);
    }
  });
}

export function dispatchLoop(loop: BareLoop): Promise<BareReport> {
  return run(
    loop,
    ({ pool, options, more, posted }) =>
      new Promise((resolve, reject) => {
        let ok = false;
        const handler = {
          onRequestStart() {},
          onResponseStart(_controller: unknown, statusCode: number) {
            ok = statusCode === 200;
          },
          onResponseData() {},
          onResponseEnd() {
            posted(ok);
            next();
          },
          onResponseError(_controller: unknown, error: Error) {
            reject(error);
          },
        };
        const next = (): void => {
          if (more()) pool.dispatch(options, handler);
          else resolve();
        };
        next();
      }),
  );
}

async function run(loop: BareLoop, worker: (course: Course) => Promise<void>): Promise<BareReport> {
  const pool = new Pool(loop.origin, { connections: loop.concurrency, pipelining: 1 });
  const { path, headers } = loop;
  const options = { path, method: "POST" as const, headers: [...headers], body: Buffer.from(loop.body) };
  const startMs = nowMs();
  const cpuUsBefore = ownCpuUs();
  let started = 0;
  let posts = 0;
  let failed = 0;
  const course: Course = {
    pool,
    options,
    more: () => {
      if (started >= loop.postsMax || nowMs() - startMs >= loop.durationMs) return false;
      started += 1;
      return true;
    },
    posted: (ok) => {
      posts += 1;
      if (!ok) failed += 1;
    },
  };
  await Promise.all(Array.from({ length: loop.concurrency }, () => worker(course)));
  const report = { posts, failed, cpuUs: ownCpuUs() - cpuUsBefore, wallMs: nowMs() - startMs };
  await pool.close();
  return report;
}
