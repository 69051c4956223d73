import type { AccountId } from "../../domain/model.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineServices } from "../services.ts";
import type { Accounts } from "./accounts.ts";

export interface AccountDeletionOptions extends Pick<EngineServices, "store" | "timers" | "failed"> {
  readonly accounts: Accounts;
}

/**
 * Removes everything that belongs to accounts whose deletion was started: topics with their subscriptions, hooks,
 * inboxes, keys, API keys and all other entries, records of changes, and then the account itself. Retention removes
 * messages and records of deleted topics. Each step is small, so that other work goes on. The node that started a
 * deletion runs it; after the end of that node, another one goes on. Several nodes may work on one account at the same
 * time.
 */
export class AccountDeletion {
  readonly #options: AccountDeletionOptions;
  #running: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #stopped = false;

  constructor(options: AccountDeletionOptions) {
    this.#options = options;
    options.accounts.onDeletionStarted(() => this.#run());
  }

  /** Continues the deletions that an earlier process has started. */
  start(): void {
    this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await this.#running;
  }

  #run(): void {
    if (this.#stopped || this.#running !== null) return;
    this.#cancelTimer?.();
    this.#running = this.#deleteAll()
      .catch(this.#options.failed)
      .finally(() => {
        this.#running = null;
        if (this.#stopped) return;
        this.#cancelTimer = this.#options.timers.after(engineLimits.accountDeletionCheckMs, () => this.#run());
      });
  }

  async #deleteAll(): Promise<void> {
    const { accounts } = this.#options;
    for (;;) {
      const [next] = accounts.deleting();
      if (next === undefined) return;
      const [name, id] = next;
      while (!(await this.#step(id))) if (this.#stopped) return;
      await accounts.endDeletion(name, id);
    }
  }

  /** Returns whether nothing of the account is left. */
  async #step(id: AccountId): Promise<boolean> {
    const { catalog, entries, audit, tallies, exchanges } = this.#options.store;
    const limit = engineLimits.accountDeletionStep;
    const topics = await catalog.listTopicRanges(id, null, limit);
    for (const { topic } of topics) {
      if (this.#stopped) return false;
      await catalog.deleteTopic(id, topic.name);
    }
    if (topics.length > 0) return false;
    const left = await entries.listAll(id, limit);
    for (const { kind, name } of left) {
      if (this.#stopped) return false;
      await entries.delete(id, kind, name);
    }
    if (left.length > 0) return false;
    for (const part of [audit, tallies, exchanges]) if (await part.deleteSome(id)) return false;
    return catalog.removeAccount(id);
  }
}
