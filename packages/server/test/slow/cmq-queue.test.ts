/** Real: servers, databases, receivers. Nothing is faked. As `cmq/queue-under-load.test.ts`, for two minutes. */
import { expect, it } from "vitest";
import { makeKeyPair, withMasterKey } from "../harness/cmq/account.ts";
import { withTwoServers } from "../harness/cmq/two-servers.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { expectKept } from "../harness/queue-load/expect-kept.ts";
import { runQueueLoad } from "../harness/queue-load/run.ts";
import { Server } from "../harness/server.ts";

const loadMs = 60_000;

it("a queue on SQLite keeps its promises for a minute of killed receivers", async () => {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path, env: withMasterKey() });
  const pair = await makeKeyPair(server.api);
  const report = await runQueueLoad({ urls: [server.url], pair, seed: 20261124, loadMs, killsMin: 40 });
  expectKept(report, { sent: 2_000 });
  expect(report.cameBack).toBeGreaterThan(20);
});

it("a queue on PostgreSQL with two servers keeps its promises for a minute of killed receivers", () =>
  withTwoServers(async (servers) => {
    const report = await runQueueLoad({ ...servers, seed: 20261124, loadMs, killsMin: 40 });
    expectKept(report, { sent: 2_000 });
    expect(report.cameBack).toBeGreaterThan(20);
  }));
