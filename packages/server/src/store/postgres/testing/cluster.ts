import type { Seq, Subscription, SubscriptionSettings, Topic } from "../../../domain/model.ts";
import { message, settings, settlement, LEASE_MS, delivered, topicSettings } from "../../contract/fixtures.ts";
import { ManualClock } from "../../contract/harness.ts";
import type { Claim, ClaimWant, Settled } from "../../log.ts";
import type { PostgresStore, PostgresStoreOptions } from "../postgres-store.ts";
import { freshDatabase, Node } from "./postgres-database.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** Several nodes on one database, with one topic. */
export class Cluster {
  readonly clock: ManualClock | null;
  readonly database: string;
  readonly nodes: Node[];
  topic!: Topic;
  #server: PostgresServer;

  private constructor(server: PostgresServer, database: string, nodes: Node[], clock: ManualClock | null) {
    this.#server = server;
    this.database = database;
    this.nodes = nodes;
    this.clock = clock;
  }

  /** `clock` null: the nodes use the database's clock. */
  static async start(
    server: PostgresServer,
    count: number,
    clock: ManualClock | null = new ManualClock(),
    options: Partial<PostgresStoreOptions> = {},
  ): Promise<Cluster> {
    const database = await freshDatabase(server);
    const nodes = await Promise.all(
      Array.from({ length: count }, () => Node.start(server, database, { clock, ...options })),
    );
    const cluster = new Cluster(server, database, nodes, clock);
    const store = cluster.store(0);
    cluster.topic = (await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings())).topic;
    return cluster;
  }

  /** Redirects every node's address to another server. */
  moveTo(server: PostgresServer): void {
    this.#server = server;
    for (const { cable } of this.nodes) cable.leadTo(server.port);
  }

  store(index: number): PostgresStore {
    return (this.nodes[index] as Node).store;
  }

  async subscribe(fields: Partial<SubscriptionSettings> = {}, name = "reader"): Promise<Subscription> {
    return (await this.store(0).catalog.putSubscription(this.topic.id, name, settings(fields), "now")).subscription;
  }

  /** Publishes texts. The ordering key of a message is its text up to the first digit. */
  async publish(...texts: readonly string[]): Promise<void> {
    await this.store(0).log.append({
      topicId: this.topic.id,
      messages: texts.map((text) => message(text, { orderingKey: text.replace(/\d.*/, "") || null })),
      idempotency: null,
    });
  }

  async claim(node: number, { id }: Subscription, want: Partial<ClaimWant> = {}, leaseMs = LEASE_MS): Promise<Claim> {
    const full = { subscriptionId: id, deliveriesMax: 100, bytesMax: 10_000_000, fromLog: true, ...want };
    const [claim] = await this.store(node).log.claim([full], leaseMs);
    return claim as Claim;
  }

  settle(node: number, claim: Claim, how: Settled = delivered, seqs: readonly Seq[] | null = null): Promise<number> {
    const chosen = claim.deliveries.filter(({ message: { seq } }) => seqs === null || seqs.includes(seq));
    return this.store(node).log.settle(chosen.map((delivery) => settlement(claim, delivery, how)));
  }

  query<T extends object>(sql: string): Promise<T[]> {
    return this.#server.query<T>(sql, [], this.database);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.close()));
    await this.#server.query(`DROP DATABASE ${this.database} WITH (FORCE)`);
  }
}

export function seqsOf({ deliveries }: Claim): Seq[] {
  return deliveries.map(({ message: { seq } }) => seq);
}

/** Starts a cluster, runs `work` with it, and stops it. */
export async function withCluster(
  starting: Promise<Cluster>,
  work: (cluster: Cluster) => Promise<void>,
): Promise<void> {
  const cluster = await starting;
  try {
    await work(cluster);
  } finally {
    await cluster.dispose();
  }
}
