/**
 * Real: a server as a child process, a PostgreSQL whose database is on a small disk, sockets. Nothing is faked. A disk
 * without room for PostgreSQL's own log is not tested, because PostgreSQL then ends as in any other crash.
 */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { sqlState } from "../src/store/postgres/storage-failure.ts";
import { PostgresServer, postgresUser } from "../src/store/postgres/testing/postgres-server.ts";
import type { ProblemView, PublishedView } from "./harness/api.ts";
import { copies } from "./harness/copies.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startHeldReceiver } from "./harness/held-receiver.ts";
import { Server } from "./harness/server.ts";
import { SmallDisk } from "./harness/small-disk.ts";
import { until } from "./harness/until.ts";

const DISK_BYTES = 28 * 1024 * 1024;
const DISK_FULL = "53100";
/** So many messages that their outcomes do not fit into the existing pages of the database. */
const MESSAGES = 300;

async function createDatabase(database: PostgresServer, disk: SmallDisk): Promise<void> {
  await database.query(`CREATE TABLESPACE small LOCATION '${disk.outside}'`);
  await database.query("CREATE DATABASE ringback TABLESPACE small");
}

/** Fills the disk until there is no room for another page. */
async function fillDisk(database: PostgresServer): Promise<void> {
  await database.query("CREATE TABLE ballast (body text)", [], "ringback");
  await database.query("ALTER TABLE ballast ALTER body SET STORAGE EXTERNAL", [], "ringback");
  for (const bytes of [2_000_000, 100_000, 5_000]) {
    try {
      for (;;) await database.query("INSERT INTO ballast VALUES (repeat('x', $1))", [bytes], "ringback");
    } catch (error) {
      if (sqlState(error) !== DISK_FULL) throw error;
    }
  }
}

it("a full disk causes 503 answers to publishes and loses no outcome; the server recovers by itself when there is room", async (test) => {
  if (!(await SmallDisk.isPossible())) test.skip("this system lets nobody but root have a disk of their own");
  await using disk = await SmallDisk.mount(DISK_BYTES, postgresUser());
  const database = await PostgresServer.start();
  try {
    await createDatabase(database, disk);
    await using folder = await temporaryFolder();
    await using receiver = await startHeldReceiver();
    await using server = await Server.start({ folder: folder.path, args: ["--database", database.url("ringback")] });
    const { api } = server;
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url } });
    const accepted = (await api.publishBatch("t", copies(MESSAGES, { body: "x" }))).map(({ id }) => id);

    await fillDisk(database);
    const publishLarge = () =>
      api.call<PublishedView & ProblemView>("POST", "/v1/topics/t/messages", {
        json: { body: randomBytes(30_000).toString("base64") },
      });
    const refusal = await until("a publish is refused", publishLarge, ({ status, json }) => {
      if (status === 201) accepted.push(json.id);
      return status !== 201;
    });
    expect(refusal).toMatchObject({ status: 503, json: { code: "storage_full" } });
    expect(Number(refusal.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await api.call("GET", "/readyz")).toMatchObject({ status: 503, json: { code: "storage_unavailable" } });

    receiver.letGo();
    let before = "";
    await until(
      "deliveries have stopped, with outcomes that have no room",
      async () => {
        const [row] = await database.query<{ count: number }>(
          "SELECT count(*)::integer FROM ringback.attempt",
          [],
          "ringback",
        );
        return { written: row?.count ?? 0, answered: receiver.arrivals.length };
      },
      ({ written, answered }) => {
        const now = `${written} ${answered}`;
        const hasStopped = now === before && written < answered;
        before = now;
        return hasStopped;
      },
    );

    await database.query("DROP TABLE ballast", [], "ringback");
    await database.query("CHECKPOINT");
    // The test publishes nothing here, so the server must detect by itself that the database accepts writes again.
    await until(
      "it is ready again",
      () => api.call("GET", "/readyz"),
      ({ status }) => status === 200,
    );
    const after = await publishLarge();
    expect(after.status).toBe(201);
    for (const id of [...accepted, after.json.id]) {
      const { attempts } = await until(
        "its outcome is written",
        () => api.delivery(id, "s"),
        ({ state }) => state === "delivered",
      );
      expect(attempts).toMatchObject([{ attempt: 1, verdict: "accepted", status: 200 }]);
    }
    expect(receiver.arrivals).toHaveLength(accepted.length + 1);
  } finally {
    await database.stop();
  }
});
