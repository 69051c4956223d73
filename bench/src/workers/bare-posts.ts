import { Pool } from "undici";
import { inClosedLoop } from "../load/tally.ts";
import type { LoadReport, LoopLimits, Tally } from "../load/tally.ts";

export interface BareLoop extends LoopLimits {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

interface Sender {
  readonly pool: Pool;
  readonly options: { path: string; method: "POST"; headers: string[]; body: Uint8Array };
  readonly tally: Tally;
  readonly more: () => boolean;
}

/** The bare loops send POSTs and do nothing else. Their CPU time per POST is the unit of the benchmark. */
export function start() {
  return { request, dispatch };
}

/** The loop in the form that most programs use: `pool.request`, then the reply's body is consumed. */
function request(loop: BareLoop): Promise<LoadReport> {
  return run(loop, async ({ pool, options, tally, more }) => {
    while (more()) {
      const { statusCode, body } = await pool.request(options);
      await body.dump();
      count(tally, statusCode);
    }
  });
}

/** The cheapest loop that undici allows: `pool.dispatch` with a handler that reads the status only. */
function dispatch(loop: BareLoop): Promise<LoadReport> {
  return run(
    loop,
    ({ pool, options, tally, more }) =>
      new Promise((resolve, reject) => {
        let status = 0;
        const handler = {
          onRequestStart() {},
          onResponseStart(_controller: unknown, statusCode: number) {
            status = statusCode;
          },
          onResponseData() {},
          onResponseEnd() {
            count(tally, status);
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

async function run(loop: BareLoop, sender: (sender: Sender) => Promise<void>): Promise<LoadReport> {
  const pool = new Pool(loop.origin, { connections: loop.concurrency, pipelining: 1 });
  const { path, headers } = loop;
  const options = { path, method: "POST" as const, headers: [...headers], body: Buffer.from(loop.body) };
  const report = await inClosedLoop(loop, (tally, more) => sender({ pool, options, tally, more }));
  await pool.close();
  return report;
}

function count(tally: Tally, status: number): void {
  if (status === 200) tally.accept(1);
  else tally.refuse(String(status));
}
