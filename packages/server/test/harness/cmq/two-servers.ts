import { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "../folder.ts";
import { Server } from "../server.ts";
import { makeKeyPair, withMasterKey } from "./account.ts";

/**
 * Calls `work` while two Ringback servers run on a new PostgreSQL server. Both Ringback servers know the same API key.
 */
export async function withTwoServers(
  work: (servers: {
    readonly urls: readonly [string, string];
    readonly pair: Awaited<ReturnType<typeof makeKeyPair>>;
  }) => Promise<void>,
): Promise<void> {
  const database = await PostgresServer.start();
  try {
    await database.query("CREATE DATABASE ringback");
    await using folder = await temporaryFolder();
    const env = withMasterKey();
    const args = ["--database", database.url("ringback")];
    await using one = await Server.start({ folder: folder.path, args, env });
    await using other = await Server.start({ folder: folder.path, args, env });
    await work({ urls: [one.url, other.url], pair: await makeKeyPair(one.api) });
  } finally {
    await database.stop();
  }
}
