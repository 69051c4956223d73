import { ManualClock, type StoreUnderTestOptions, type StoreUnderTest } from "../../contract/harness.ts";
import { PostgresStore, type PostgresStoreOptions } from "../postgres-store.ts";
import { Cable } from "./cable.ts";
import type { PostgresServer } from "./postgres-server.ts";

let databaseCount = 0;
let nodeCount = 0;
const TEMPLATE = "ringback_template";
/** For each server with a template database, the option of CREATE DATABASE that copies the template file by file. */
const templates = new WeakMap<PostgresServer, Promise<string>>();
const GONE_POLL_MS = 1;

export function storeOptions(url: string, options: Partial<PostgresStoreOptions> = {}): PostgresStoreOptions {
  return {
    url,
    account: { name: "default", appId: 1_250_000_000 },
    attemptRetentionMs: 30 * 86_400_000,
    deadLetterRetentionMs: 30 * 86_400_000,
    auditRetentionMs: 30 * 86_400_000,
    ...options,
  };
}

/** Creates a database for one test, as a copy of one in which a store has been opened. Returns its name. */
export async function freshDatabase(server: PostgresServer): Promise<string> {
  let template = templates.get(server);
  if (template === undefined) templates.set(server, (template = makeTemplate(server)));
  const asFiles = await template;
  const name = `ringback_${++databaseCount}`;
  await server.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} ${asFiles}`);
  return name;
}

async function makeTemplate(server: PostgresServer): Promise<string> {
  await server.query(`CREATE DATABASE ${TEMPLATE} TEMPLATE template0`);
  await (await PostgresStore.open(storeOptions(server.url(TEMPLATE)))).close();
  await server.query("TRUNCATE ringback.node, ringback.account RESTART IDENTITY CASCADE", [], TEMPLATE);
  const [version] = await server.query<{ number: number }>(
    "SELECT current_setting('server_version_num')::integer AS number",
  );
  // Before version 15, PostgreSQL always copies file by file and has no option for it.
  return (version?.number ?? 0) < 150_000 ? "" : "STRATEGY file_copy";
}

/** One node, and the cable between it and the database. */
export class Node {
  readonly store: PostgresStore;
  readonly cable: Cable;
  readonly #applicationName: string;
  readonly #server: PostgresServer;
  readonly #count: { statements: number };

  private constructor(
    server: PostgresServer,
    store: PostgresStore,
    cable: Cable,
    applicationName: string,
    count: { statements: number },
  ) {
    this.#server = server;
    this.store = store;
    this.cable = cable;
    this.#applicationName = applicationName;
    this.#count = count;
  }

  /** Statements sent so far, one round trip each. */
  get statements(): number {
    return this.#count.statements;
  }

  static async start(
    server: PostgresServer,
    database: string,
    options: Partial<PostgresStoreOptions> = {},
  ): Promise<Node> {
    const cable = await Cable.to(server.port);
    const applicationName = `node-${++nodeCount}`;
    const url = `postgres://ringback@127.0.0.1:${cable.port}/${database}`;
    const count = { statements: 0 };
    const observer = { commit: () => {}, statement: () => void count.statements++ };
    const store = await PostgresStore.open(storeOptions(url, { applicationName, observer, ...options }));
    return new Node(server, store, cable, applicationName, count);
  }

  /**
   * Ends the node without a clean stop. Resolves when the server has ended the sessions of the node, so that no call of
   * the node is still running.
   */
  async kill(): Promise<void> {
    this.cable.cut();
    for (;;) {
      const left = await this.#server.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
        [this.#applicationName],
      );
      if (left.length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, GONE_POLL_MS));
    }
    // Cuts the store off from the server, as if the process of the store had died. Pending calls of the store fail.
    await this.store.close();
    await this.cable.close();
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.cable.close();
  }
}

/** A store on a separate database. */
export class PostgresDatabase implements StoreUnderTest {
  readonly clock = new ManualClock();
  readonly #server: PostgresServer;
  readonly #name: string;
  readonly #options: StoreUnderTestOptions;
  #node: Node | null = null;

  private constructor(server: PostgresServer, name: string, options: StoreUnderTestOptions) {
    this.#server = server;
    this.#name = name;
    this.#options = options;
  }

  static async open(server: PostgresServer, options: StoreUnderTestOptions = {}): Promise<PostgresDatabase> {
    const database = new PostgresDatabase(server, await freshDatabase(server), options);
    await database.#start();
    return database;
  }

  get store(): PostgresStore {
    return (this.#node as Node).store;
  }

  /**
   * Ends the node without a clean stop and starts another. The claims of a dead node are free only when their leases
   * expire, because a hung node looks the same. The leases of the dead node, and only those, are expired here at once.
   */
  async crash(): Promise<void> {
    const { nodeId } = this.store;
    await this.#node?.kill();
    await this.#server.query(
      `WITH gone AS (DELETE FROM ringback.node WHERE id = $1)
       UPDATE ringback.claim SET lease_until = 0 WHERE node_id = $1`,
      [nodeId],
      this.#name,
    );
    await this.#start();
  }

  async dispose(): Promise<void> {
    await this.#node?.close();
    await this.#server.query(`DROP DATABASE ${this.#name} WITH (FORCE)`);
  }

  async #start(): Promise<void> {
    this.#node = await Node.start(this.#server, this.#name, { clock: this.clock, ...this.#options });
  }
}
