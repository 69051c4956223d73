import { optionalToWall } from "../../domain/clock-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { DeliveryState, Seq, TopicId } from "../../domain/model.ts";
import { deliveryState, hasWhere } from "../delivery-state.ts";
import {
  examinedPositions,
  examinedSeqs,
  messagesExaminedMax,
  messageSource,
  throughSeqOf,
} from "../message-search.ts";
import type { ListedMessage, MessageScan } from "../message-search.ts";
import type { PageRequest } from "../page.ts";
import type { MessageFilter } from "../record-filters.ts";
import { searchPage, type Examined, type SearchPage } from "../search.ts";
import type { FoundListedMessage } from "./operations/search-messages.ts";
import { readSeqAt } from "./read-seq-at.ts";
import type { StoreContext } from "./store-context.ts";
import type { OpenDelivery, SubscriptionEntry } from "./subscription-entry.ts";
import type { TopicEntry } from "./topic-entry.ts";
import { unwrittenSeqs, withUnwritten } from "./unwritten-delivery.ts";

export async function listMessages(
  context: StoreContext,
  id: TopicId,
  page: PageRequest,
  filter: MessageFilter,
): Promise<SearchPage<ListedMessage>> {
  const topic = context.index.topics.get(id);
  if (topic === undefined) throw new RingbackError("topic_not_found");
  const entry = subscriptionOf(context, topic, filter);
  const { fromMs, toMs } = filter;
  const fromSeq = fromMs === undefined ? topic.firstSeq : await readSeqAt(context.reader, topic, fromMs);
  const lastSeq = toMs === undefined ? topic.lastSeq : (await readSeqAt(context.reader, topic, toMs)) - 1;
  const read = async (after: string | null, count: number) => {
    const throughSeq = throughSeqOf(after, lastSeq);
    const scan = { topicId: id, source: messageSource(filter), fromSeq, throughSeq, count, filter };
    return entry === null ? readWithoutState(context, scan) : readStable(context, scan, entry);
  };
  return searchPage(page, read, messagesExaminedMax(filter, topic.subscriptions.size));
}

function subscriptionOf({ index }: StoreContext, topic: TopicEntry, filter: MessageFilter): SubscriptionEntry | null {
  if (filter.subscriptionId === undefined) return null;
  const entry = index.subscriptions.get(filter.subscriptionId);
  if (entry === undefined || entry.topic !== topic) throw new RingbackError("subscription_not_found");
  return entry;
}

type Read = readonly Examined<ListedMessage>[];

async function readWithoutState({ reader, clock }: StoreContext, scan: MessageScan): Promise<Read> {
  const { found } = await reader.call("searchMessages", { scan, unwritten: [] });
  return examinedPositions(
    scan,
    found.map(({ message }) => shown(clock, message, null)),
  );
}

/** A rewind changes the database before memory, so the two may not fit together. No rewind runs in the mutex. */
async function readStable(context: StoreContext, scan: MessageScan, entry: SubscriptionEntry): Promise<Read> {
  const steps = entry.rewindSteps;
  const read = await readWithState(context, scan, entry);
  if (steps % 2 === 0 && steps === entry.rewindSteps) return read;
  return context.catalogMutex.run(() => readWithState(context, scan, entry));
}

/** The part of a delivery's state that is in memory. It is read before the rows, as for a single message. */
interface Known {
  readonly open: OpenDelivery | null;
  readonly isSettled: boolean;
}

async function readWithState(context: StoreContext, scan: MessageScan, entry: SubscriptionEntry): Promise<Read> {
  const { reader, commits, clock } = context;
  const works = commits.unwritten.slice();
  const touched = unwrittenSeqs(works, entry.id);
  const known = new Map<Seq, Known>();
  const remember = (seq: Seq): Known => {
    const one = { open: entry.open.get(seq) ?? null, isSettled: entry.cursor.isDone(seq) };
    known.set(seq, one);
    return one;
  };
  if (scan.source === "log") {
    const lowest = Math.max(scan.fromSeq, scan.throughSeq - scan.count + 1);
    for (let seq = scan.throughSeq; seq >= lowest; seq--) remember(seq);
  }
  const { seqs, found } = await reader.call("searchMessages", { scan, unwritten: [...touched] });
  const stateOf = ({ message, rows }: FoundListedMessage): DeliveryState => {
    const { seq } = message;
    const { open, isSettled } = known.get(seq) ?? remember(seq);
    const { lastVerdict = null, parked = null, dead = null } = rows ?? {};
    const read = { parked, dead, attempts: [] };
    const { isOpen, parked: waiting } = withUnwritten(read, touched.has(seq) ? works : [], { id: entry.id, seq, open });
    return deliveryState({
      isOpen,
      isSettled,
      isParked: waiting !== null,
      hasDeadLetter: dead !== null,
      attempts: lastVerdict === null ? [] : [{ verdict: lastVerdict }],
      matches: () => entry.matches(message),
      hasWhere: hasWhere(entry.settings.filter),
    });
  };
  const { state } = scan.filter;
  const items = found
    .map((one) => shown(clock, one.message, stateOf(one)))
    .filter((message) => state === undefined || message.state === state);
  if (seqs === null) return examinedPositions(scan, items);
  return examinedSeqs(seqs, new Map(items.map((message) => [message.seq, message])));
}

function shown(
  clock: StoreContext["clock"],
  message: Omit<ListedMessage, "state">,
  state: DeliveryState | null,
): ListedMessage {
  return { ...message, deliverAtMs: optionalToWall(clock, message.deliverAtMs), state };
}
