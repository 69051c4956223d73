import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appendContract } from "./append.contract.ts";
import { catalogContract } from "./catalog.contract.ts";
import { claimContract } from "./claim.contract.ts";
import { conditionContract } from "./condition.contract.ts";
import { crashContract } from "./crash.contract.ts";
import { deadLetterContract } from "./dead-letter.contract.ts";
import type { StoreHarness, StoreUnderTest } from "./harness.ts";
import { entriesContract } from "./entries.contract.ts";
import { hintContract } from "./hint.contract.ts";
import { labelContract } from "./label.contract.ts";
import { lookingContract } from "./looking.contract.ts";
import { modelContract } from "./model.contract.ts";
import { orderContract } from "./order.contract.ts";
import { pullContract } from "./pull.contract.ts";
import { retentionContract } from "./retention.contract.ts";
import { settleContract } from "./settle.contract.ts";
import { turmoilContract } from "./turmoil.contract.ts";

/** What a part of the contract is written with. */
export interface Part {
  /** One sentence of the contract, skipped if the driver says why. */
  readonly promise: (sentence: string, proof: () => Promise<void>) => void;
  /** A store that the whole part shares; each test makes topics of its own. */
  readonly shared: () => StoreUnderTest;
  /** A store of the test's own, gone when the test is over. */
  readonly fresh: <T>(
    work: (under: StoreUnderTest) => Promise<T>,
    options?: Parameters<StoreHarness["open"]>[0],
  ) => Promise<T>;
}

/** What the calls do. */
const calls: Record<string, (part: Part) => void> = {
  "appending to the log": appendContract,
  "claiming deliveries": claimContract,
  "settling deliveries": settleContract,
  "keeping order": orderContract,
  "what is pulled": pullContract,
  "dead letters": deadLetterContract,
  "the catalog": catalogContract,
  "things kept by name": entriesContract,
  "versions and conditions": conditionContract,
  labels: labelContract,
  "looking at messages, attempts and counts": lookingContract,
  "hints of work": hintContract,
};

/** What time, crashes and crowds do. */
const endurance: Record<string, (part: Part) => void> = {
  retention: retentionContract,
  "the end of a process": crashContract,
  "many hands at once": turmoilContract,
  "any sequence of operations": modelContract,
};

/**
 * Every promise of `store/store.ts` as tests, for any driver. It comes in two halves, each for a test file of its own,
 * so that they run side by side; a driver keeps the contract when it keeps both.
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
  const said = new Set<string>();
  describe(`the store's contract, kept by ${name}`, () => {
    for (const [title, write] of Object.entries(chosen)) {
      // oxlint-disable-next-line vitest/valid-title -- a key of the table above.
      describe(title, () => {
        let under: StoreUnderTest | null = null;
        beforeAll(async () => {
          under = await harness.open();
        });
        afterAll(() => under?.dispose());
        write({
          promise(sentence, proof) {
            said.add(sentence);
            const reason = skips.get(sentence);
            const title = reason === undefined ? sentence : `${sentence} (skipped: ${reason})`;
            // oxlint-disable-next-line vitest/valid-title -- every sentence is written out where `promise` is called.
            test.skipIf(reason !== undefined)(title, proof);
          },
          shared: () => under as StoreUnderTest,
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
    test("skips only what the contract says", () => {
      expect([...skips.keys()].filter((sentence) => !said.has(sentence))).toEqual([]);
    });
  });
}
