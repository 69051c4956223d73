import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everyPage } from "../every-page.ts";
import { accountLimitsContract } from "./account-limits.contract.ts";
import { appendContract } from "./append.contract.ts";
import { auditContract, auditRetentionContract } from "./audit.contract.ts";
import { claimContract } from "./claim.contract.ts";
import { clockContract } from "./clock.contract.ts";
import { concurrencyContract } from "./concurrency.contract.ts";
import { conditionContract } from "./condition.contract.ts";
import { crashContract } from "./crash.contract.ts";
import { deadLetterContract } from "./dead-letter.contract.ts";
import { deliveryContract } from "./delivery.contract.ts";
import { entriesContract } from "./entries.contract.ts";
import { healthContract } from "./health.contract.ts";
import type { StoreHarness, StoreUnderTest } from "./harness.ts";
import { labelContract } from "./label.contract.ts";
import { modelContract } from "./model.contract.ts";
import { orderContract } from "./order.contract.ts";
import type { Part } from "./part.ts";
import { pullCountsContract } from "./pull-counts.contract.ts";
import { pullContract } from "./pull.contract.ts";
import { rateContract } from "./rate.contract.ts";
import { recordRetentionContract } from "./record-retention.contract.ts";
import { recordsContract } from "./records.contract.ts";
import { replayContract } from "./replay.contract.ts";
import { replayOrderContract } from "./replay-order.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { retainAll } from "./retain-fixtures.ts";
import { rewindContract } from "./rewind.contract.ts";
import { searchContract } from "./search.contract.ts";
import { settleContract } from "./settle.contract.ts";
import { subscriptionSearchContract } from "./subscription-search.contract.ts";
import { subscriptionsContract } from "./subscriptions.contract.ts";
import { topicNumberContract } from "./topic-number.contract.ts";
import { exchangeContract } from "./exchange.contract.ts";
import { tallyContract } from "./tally.contract.ts";
import { topicsContract } from "./topics.contract.ts";
import { wakeUpContract } from "./wake-up.contract.ts";

/** Parts of the contract about the effects of single calls. */
const calls: Record<string, (part: Part) => void> = {
  "appending to the log": appendContract,
  "claiming deliveries": claimContract,
  "settling deliveries": settleContract,
  "keeping order": orderContract,
  "reserving starts of POSTs": rateContract,
  "pulling deliveries": pullContract,
  "rewinding a subscription": rewindContract,
  "counts of a pull subscription": pullCountsContract,
  "dead letters": deadLetterContract,
  replays: replayContract,
  "replays beside live traffic": replayOrderContract,
  "single deliveries": deliveryContract,
  topics: topicsContract,
  "numbers of topics": topicNumberContract,
  subscriptions: subscriptionsContract,
  "the health of subscriptions": healthContract,
  "limits of accounts": accountLimitsContract,
  entries: entriesContract,
  "versions and conditions": conditionContract,
  labels: labelContract,
  records: recordsContract,
  searches: searchContract,
  "searches for subscriptions": subscriptionSearchContract,
  "records of changes": auditContract,
  "counts over time": tallyContract,
  "requests and replies of attempts": exchangeContract,
  "wake-ups": wakeUpContract,
  "a clock that jumps": clockContract,
};

/** Parts of the contract about time, crashes and concurrent callers. */
const endurance: Record<string, (part: Part) => void> = {
  "retention of messages": retentionContract,
  "retention of records": recordRetentionContract,
  "retention of records of changes": auditRetentionContract,
  "the end of a process": crashContract,
  "concurrent callers": concurrencyContract,
  "any sequence of operations": modelContract,
};

/**
 * Tests every promise of `store/store.ts` with any driver. The contract has two halves, and a driver must pass both.
 * Each half is run by a separate test file, so that the halves run in parallel.
 */
export function storeContract(name: string, harness: StoreHarness): void {
  runParts(name, harness, calls);
}

/** The other half of `storeContract`. */
export function storeEnduranceContract(name: string, harness: StoreHarness): void {
  runParts(name, harness, endurance);
}

function runParts(name: string, harness: StoreHarness, chosen: Record<string, (part: Part) => void>): void {
  const skips = new Map(Object.entries(harness.skip ?? {}));
  const sentences = new Set<string>();
  describe(`the contract of the store, with ${name}`, () => {
    let under: StoreUnderTest | null = null;
    const reused = new ReusedStore(harness);
    beforeAll(async () => {
      under = await harness.open();
    });
    afterAll(() => Promise.all([under?.dispose(), reused.dispose()]));
    for (const [title, write] of Object.entries(chosen)) {
      // oxlint-disable-next-line vitest/valid-title -- a key of the table above.
      describe(title, () => {
        write({
          promise(sentence, proof) {
            sentences.add(sentence);
            const reason = skips.get(sentence);
            const title = reason === undefined ? sentence : `${sentence} (skipped: ${reason})`;
            // oxlint-disable-next-line vitest/valid-title -- every sentence is written out where `promise` is called.
            test.skipIf(reason !== undefined)(title, proof);
          },
          shared: () => under as StoreUnderTest,
          empty: (work) => reused.run(work),
          async fresh(work, options) {
            const own = await harness.open(options);
            try {
              return await work(own);
            } finally {
              await own.dispose();
            }
          },
        });
      });
    }
    test("skips only tests that the contract has", () => {
      expect([...skips.keys()].filter((sentence) => !sentences.has(sentence))).toEqual([]);
    });
  });
}

/** A store that is emptied after each use. A store whose test failed is replaced. */
class ReusedStore {
  readonly #harness: StoreHarness;
  #under: StoreUnderTest | null = null;

  constructor(harness: StoreHarness) {
    this.#harness = harness;
  }

  async run<T>(work: (under: StoreUnderTest) => Promise<T>): Promise<T> {
    const under = (this.#under ??= await this.#harness.open());
    try {
      const result = await work(under);
      await empty(under);
      return result;
    } catch (error) {
      await this.dispose();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    const under = this.#under;
    this.#under = null;
    await under?.dispose();
  }
}

async function empty(under: StoreUnderTest): Promise<void> {
  const { catalog } = under.store;
  const { id } = catalog.defaultAccount();
  for await (const topics of everyPage((page) => catalog.listTopics(id, page))) {
    for (const { name } of topics) await catalog.deleteTopic(id, name);
  }
  await retainAll(under);
  under.clock.correct();
}
