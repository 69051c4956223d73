import type { RecordStore } from "../records.ts";
import { listAttempts } from "./attempt-records.ts";
import { readSubscriptionCounts, readUnsettledCounts, readUnsettledCountsOf } from "./counts.ts";
import { DeadLetters } from "./dead-letters.ts";
import { readBodyBytes, readMessageRecord, readOrigin } from "./message-records.ts";
import { readPullCounts } from "./pull-counts.ts";
import { readStatistics, Statistics } from "./statistics.ts";
import type { StoreContext } from "./store-context.ts";

export function createRecords(context: StoreContext): RecordStore {
  const deadLetters = new DeadLetters(context);
  const statistics = new Statistics(() => readStatistics(context));
  return {
    getMessage: (accountId, id) => readMessageRecord(context, accountId, id),
    getOrigin: (id) => readOrigin(context.database.rest, id),
    subscriptionCounts: (id) => readSubscriptionCounts(context, id),
    unsettledCountsOf: (ids) => readUnsettledCountsOf(context, ids),
    unsettledCounts: (id) => readUnsettledCounts(context, id),
    pullCounts: (id, rewindableFromMs) => readPullCounts(context, id, rewindableFromMs),
    listAttempts: (id, page, only) => listAttempts(context.database.rest, id, page, only),
    listDeadLetters: (id, page) => deadLetters.list(id, page),
    getDeadLetter: (id, deadLetterId) => deadLetters.get(id, deadLetterId),
    redriveDeadLetters: (id, ids) => deadLetters.redrive(id, ids),
    purgeDeadLetters: (id, ids) => deadLetters.purge(id, ids),
    bodyBytes: (id, fromSeq, toSeq) => readBodyBytes(context.database.rest, id, fromSeq, toSeq),
    statistics: () => statistics.read(),
  };
}
