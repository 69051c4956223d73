import { onTestFinished } from "vitest";
import { unlimited, type AccountLimits } from "../../../domain/account-limits.ts";
import { eventsTopicName } from "../../../domain/internal-names.ts";
import type { Topic } from "../../../domain/model.ts";
import type { ServicesOf } from "../../account-services.ts";
import { Simulation } from "../../testing/simulation.ts";
import type { DiskUse } from "../disk-nearly-full.ts";
import { EventProducers } from "../event-producers.ts";
import { eventsTopicOf } from "../events-topic.ts";

type Shown = Readonly<Record<string, unknown>> & { readonly type: string };

/** Real: the engine and the producers of events, in virtual time. Faked: the account's keys, the disk. */
export class EventsScene {
  readonly simulation: Simulation;
  /** The lines of the log that stand for an event. */
  readonly logged: string[] = [];
  readonly disk: DiskUse[] = [];
  readonly apiKeys: { readonly id: string; readonly name: string; readonly expiresAtMs: number }[] = [];
  limits: AccountLimits = unlimited;

  private constructor(simulation: Simulation) {
    this.simulation = simulation;
  }

  static async started(): Promise<EventsScene> {
    return new EventsScene(await Simulation.started());
  }

  get accountId(): Topic["accountId"] {
    return this.simulation.store.catalog.defaultAccount().id;
  }

  /** The accounts of a node, and their keys. */
  accounts() {
    const services = { apiKeys: listed(this.apiKeys), keys: listed([]) };
    return {
      accountIds: () => [this.accountId],
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only these services are used.
      servicesOf: (() => services) as unknown as ServicesOf,
    };
  }

  /** The producers of one node. */
  node(): EventProducers {
    const { store, events, observer, clock, time } = this.simulation;
    const producers = new EventProducers({
      store,
      events,
      observer,
      clock,
      timers: time,
      limitsOf: () => this.limits,
      accountOf: () => ({ name: "default", limits: this.limits }),
      ...this.accounts(),
      diskUses: () => Promise.resolve(this.disk),
      failed: (error) => this.simulation.failures.push({ during: "events", error }),
      log: {
        unpublished: ({ type }) => this.logged.push(`${type} unpublished`),
        suppressed: (_accountId, count) => this.logged.push(`${count} suppressed`),
        lost: (type) => this.logged.push(`${type} lost`),
        nodesRead: () => {},
      },
    });
    onTestFinished(() => this.simulation.finished(producers.stop()));
    return producers;
  }

  topic(): Promise<Topic> {
    return eventsTopicOf(this.simulation.store.catalog, this.accountId, this.limits);
  }

  /** All messages on the topic, as their receivers see them. */
  async published(): Promise<readonly Shown[]> {
    const { id, name } = await this.topic();
    if (name !== eventsTopicName) throw new Error("another topic");
    const { messages } = await this.simulation.store.records.messagesAfter(id, 0, 1_000);
    return messages.map(({ body }) => JSON.parse(Buffer.from(body).toString()) as Shown);
  }

  async types(): Promise<readonly string[]> {
    return (await this.published()).map(({ type }) => type);
  }
}

function listed<T>(items: readonly T[]) {
  return { list: () => Promise.resolve({ items, next: null }) };
}
