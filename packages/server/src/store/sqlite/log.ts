import type { Start, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { seqFrom } from "../../domain/start-rule.ts";
import type {
  AppendRequest,
  AppendResult,
  Claim,
  ClaimId,
  ClaimWant,
  LogStore,
  PulledSettlement,
  RetentionResult,
  Settlement,
} from "../log.ts";
import { earlier } from "../earlier.ts";
import { settleAnswers } from "./answers.ts";
import { readSeqAt } from "./read-seq-at.ts";
import { Retention, type RetentionOptions } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { settle } from "./settlements.ts";
import type { StoreContext } from "./store-context.ts";

export class SqliteLog implements LogStore {
  readonly #context: StoreContext;
  readonly #retention: Retention;

  constructor(context: StoreContext, retention: RetentionOptions) {
    this.#context = context;
    this.#retention = new Retention(context, retention);
  }

  append(request: AppendRequest): Promise<AppendResult> {
    return this.#context.commits.append(request);
  }

  claim(wants: readonly ClaimWant[], leaseMs: number): Promise<readonly Claim[]> {
    return this.#context.claims.claim(wants, leaseMs);
  }

  /** Always 0: no other process can take the claims of this one. */
  touch(): number {
    return 0;
  }

  renew(claimIds: readonly ClaimId[], leaseMs: number): Promise<readonly ClaimId[]> {
    return Promise.resolve(this.#context.claims.renew(claimIds, leaseMs));
  }

  settle(settlements: readonly Settlement[]): Promise<number> {
    return settle(this.#context, settlements);
  }

  settlePulled(id: SubscriptionId, answers: readonly PulledSettlement[]): Promise<readonly boolean[]> {
    return settleAnswers(this.#context, id, answers);
  }

  rewind(id: SubscriptionId, to: Exclude<Start, "now">): Promise<boolean> {
    const { index, reader, catalogMutex, ready } = this.#context;
    return catalogMutex.run(async () => {
      const entry = index.subscriptions.get(id);
      if (entry === undefined) return false;
      const { topic } = entry;
      const fromSeq = await seqFrom(to, topic, (atMs) => readSeqAt(reader, topic, atMs));
      await rewindTo(entry, fromSeq, this.#context);
      ready.notify([id]);
      return true;
    });
  }

  onReady(listener: (ids: readonly SubscriptionId[]) => void): void {
    this.#context.ready.add(listener);
  }

  findReady(): Promise<{ subscriptionIds: readonly SubscriptionId[]; nextDueAtMs: TimeMs | null }> {
    const { index, clock } = this.#context;
    const now = clock.now();
    const subscriptionIds: SubscriptionId[] = [];
    let nextDueAtMs: TimeMs | null = null;
    for (const entry of index.subscriptions.values()) {
      if (entry.state !== "active") continue;
      const due = earlier(entry.parkedCount === 0 ? null : entry.nextParkedDueAtMs, entry.leaseEndMs);
      if (entry.hasUnread || entry.parkedCount > 0 || (due !== null && due <= now)) subscriptionIds.push(entry.id);
      if (due !== null && due > now) nextDueAtMs = earlier(nextDueAtMs, due);
    }
    return Promise.resolve({ subscriptionIds, nextDueAtMs });
  }

  retain(): Promise<RetentionResult> {
    return this.#retention.step();
  }
}
