/**
 * Real: two servers, the command `ringback migrate`, a PostgreSQL, sockets. Nothing is faked. The first server and the
 * command that moves the data are child processes. The second server runs inside the test's process, and so does the
 * command when there is nothing to move.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { runCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { runCommand } from "../src/cli/testing/command-process.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import { untilTrue } from "./harness/until.ts";

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

it("moves a server to PostgreSQL: the new server delivers exactly the undelivered messages, with the same ids", async () => {
  await database.query("CREATE DATABASE ringback");
  await using folder = await temporaryFolder();
  let isDown = false;
  await using receiver = await startReceiver(() => (isDown ? 500 : 200));
  const url = database.url("ringback");
  const args = () => ["migrate", "--from", folder.path, "--to", url];

  await using before = await Server.start({ folder: folder.path });
  await before.api.putTopic("orders");
  const push = { url: `${receiver.url}/mail` };
  await before.api.subscribe("orders", "mail", { push, retry: { baseMs: 200, factor: 1 } });
  const publish = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => before.api.publish("orders", { body: `${index}` })));
  await publish(50);
  await untilTrue("the first ones have arrived", () => receiver.arrivals.length >= 50);
  isDown = true;
  const undelivered = (await publish(20)).map(({ id }) => id);
  await untilTrue("the endpoint has refused one", () => receiver.arrivals.length > 50);

  const held = await runCommandInProcess(args());
  expect(held).toMatchObject({ code: 1, stdout: "" });
  expect(held.stderr).toMatch(/^ringback: The data folder is in use by another Ringback \(process \d+\)/);
  expect(await before.stop()).toMatchObject({ code: 0 });
  const moved = await runCommand(args());
  expect(moved).toMatchObject({ code: 0, stderr: expect.stringMatching(/^topics: 1\n.*messages: 70\n/s) as string });
  expect(moved.stdout).toMatch(/^moved everything from /);
  expect(await runCommandInProcess(args())).toMatchObject({
    code: 0,
    stdout: "Everything had been moved before; there was nothing to do.\n",
  });

  isDown = false;
  const seen = receiver.arrivals.length;
  await using after = await startServerInProcess({ folder: folder.path, args: ["--database", url] });
  const since = () => receiver.arrivals.slice(seen).map(({ messageId }) => messageId);
  await untilTrue("what was undelivered has arrived", () => new Set(since()).size >= undelivered.length);
  const fresh = await after.api.publish("orders", { body: "fresh" });
  expect(fresh.seq).toBe(71);
  await untilTrue("what is new arrives", () => since().includes(fresh.id));
  expect(since().toSorted()).toEqual([...undelivered, fresh.id].toSorted());
  expect(await runCommandInProcess(args())).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("a server has used the database since") as string,
  });
});
