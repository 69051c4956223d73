import type { RecordStore } from "../records.ts";
import { listAttempts } from "./attempt-records.ts";
import { readManyCounts, readSubscriptionCounts, readUnsettledCounts } from "./counts.ts";
import { readConditions, readUnhealthy } from "./conditions.ts";
import { DeadLetters } from "./dead-letters.ts";
import { readBodyBytes, readMessageRecord, readMessagesAfter, readOrigin } from "./message-records.ts";
import { listMessages } from "./message-search.ts";
import { readPullCounts } from "./pull-counts.ts";
import { readStatistics, Statistics } from "./statistics.ts";
import type { StoreContext } from "./store-context.ts";

export function createRecords(context: StoreContext): RecordStore {
  const deadLetters = new DeadLetters(context);
  const statistics = new Statistics(() => readStatistics(context));
  return {
    getMessage: (accountId, id) => readMessageRecord(context, accountId, id),
    listMessages: (id, page, filter) => listMessages(context, id, page, filter),
    getOrigin: (id) => readOrigin(context.database.rest, id),
    subscriptionCounts: (id) => readSubscriptionCounts(context, id),
    countsOfSubscriptions: (ids) => readManyCounts(context, ids),
    conditionsOf: (ids) => readConditions(context, ids),
    unhealthySubscriptions: (limit) => readUnhealthy(context, limit),
    unsettledCounts: (id) => readUnsettledCounts(context, id),
    pullCounts: (id, rewindableFromMs) => readPullCounts(context, id, rewindableFromMs),
    listAttempts: (id, page, filter) => listAttempts(context.database.rest, id, page, filter),
    listDeadLetters: (...list) => deadLetters.list(...list),
    listAccountDeadLetters: (...list) => deadLetters.listOfAccount(...list),
    getDeadLetter: (id, deadLetterId) => deadLetters.get(id, deadLetterId),
    redriveDeadLetters: (id, ids) => deadLetters.redrive(id, ids),
    purgeDeadLetters: (id, ids) => deadLetters.purge(id, ids),
    messagesAfter: (id, afterSeq, limit) => readMessagesAfter(context, id, afterSeq, limit),
    bodyBytes: (id, fromSeq, toSeq) => readBodyBytes(context.database.rest, id, fromSeq, toSeq),
    statistics: () => statistics.read(),
  };
}
