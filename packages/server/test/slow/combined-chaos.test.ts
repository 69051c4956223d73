/**
 * Real: servers as child processes, SQLite and PostgreSQL on disks of their own, sockets, publishers, receivers that
 * push and pull, `kill -9`, SIGSTOP, full disks, failing writes, cut connections, crashes and restarts of PostgreSQL.
 * Faked: the machine's clock, which is set for each server alone. All of it happens at once, five minutes for each
 * database: side by side, on a small machine, each would get half of the load. `CHAOS_SECONDS` sets the duration for
 * both together. `CHAOS_SEED` repeats the random choices of an earlier run, but the timing depends on the machine.
 * Power loss is not tested, because data that a killed process has written is still in the operating system.
 */
import { describe, it } from "vitest";
import { expectRight } from "../harness/combined-chaos/expect-right.ts";
import { postgresSite } from "../harness/combined-chaos/postgres-site.ts";
import { runCombinedChaos } from "../harness/combined-chaos/run.ts";
import { sqliteSite } from "../harness/combined-chaos/sqlite-site.ts";
import { SmallDisk } from "../harness/small-disk.ts";

const loadMs = (Number(process.env["CHAOS_SECONDS"] ?? 600) * 1000) / 2;
const seed = Number(process.env["CHAOS_SEED"] ?? Math.floor(Math.random() * 1e9));
const timeoutMs = loadMs + 1_200_000;
process.stdout.write(`CHAOS_SEED=${seed} CHAOS_SECONDS=${(loadMs * 2) / 1000}\n`);
const common = ["kill", "fill", "jump"] as const;

describe.skipIf(!(await SmallDisk.isPossible()))(
  "under kills, full disks, clocks that jump and failing databases, all at once, nothing accepted is lost, nothing settled is sent again, and no state is shown wrong",
  () => {
    it(
      "with one server on SQLite",
      async () => {
        await using site = await sqliteSite(seed);
        expectRight(await runCombinedChaos(site, seed, loadMs), [...common, "errors"]);
      },
      timeoutMs,
    );

    it(
      "with three servers on PostgreSQL",
      async () => {
        await using site = await postgresSite(seed);
        expectRight(await runCombinedChaos(site, seed, loadMs), [...common, "stop", "cut", "restart", "crash"]);
      },
      timeoutMs,
    );
  },
);
