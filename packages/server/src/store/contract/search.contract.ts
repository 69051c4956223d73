import * as fc from "fast-check";
import { expect } from "vitest";
import { limits } from "../../domain/limits.ts";
import { matches as matchesFilter } from "../../domain/filter.ts";
import type { Attempt, DeadReason, Message, Subscription } from "../../domain/model.ts";
import type { ListedMessage } from "../message-search.ts";
import type { PageRequest } from "../page.ts";
import type { AttemptFilter, DeadLetterFilter, MessageFilter, StatusRange, TimeRange } from "../record-filters.ts";
import type { SearchPage } from "../search.ts";
import { attempt, delivered, message, parkedUntil, Scene, settlement } from "./fixtures.ts";
import type { Part } from "./part.ts";

/** Random records and filters. Each list must show what a naive filter of all records shows. */

const runs = Number(process.env["PROPERTY_RUNS"] ?? 8);
const reasons = ["retries_exhausted", "expired", "unencodable"] as const;

const anyOutcome = fc.record({
  kind: fc.constantFrom("delivered", "dead", "dead", "parked", "none"),
  verdict: fc.constantFrom("failed", "error"),
  status: fc.constantFrom(404, 500, 503),
  code: fc.constantFrom("http_status", "timeout"),
  reason: fc.constantFrom(...reasons),
  startedAfterMs: fc.integer({ min: -3, max: 3 }),
});
const anyMessage = fc.record({
  type: fc.constantFrom(null, "", "a", "a.b", "b.c"),
  tags: fc.subarray(["red", "blue", "%_"]),
  attributes: fc.constantFrom({}, { k: "1" }, { k: "2" }, { j: "1", k: '"k":"1"' }),
  gapMs: fc.integer({ min: 0, max: 3 }),
  outcome: anyOutcome,
});
const anyRange = fc.record(
  { fromMs: fc.integer({ min: -4, max: 40 }), toMs: fc.integer({ min: -4, max: 60 }) },
  { requiredKeys: [] },
);
const anyStatus = fc.constantFrom<StatusRange>({ from: 500, to: 599 }, { from: 503, to: 503 }, { from: 200, to: 299 });
const anyAttemptFilter = fc.record(
  {
    only: fc.constantFrom("all" as const, "failed" as const),
    verdict: fc.constantFrom("accepted" as const, "failed" as const, "error" as const),
    status: anyStatus,
    errorCode: fc.constantFrom("http_status", "timeout", "none"),
  },
  { requiredKeys: [] },
);
const anyLetterFilter = fc.record(
  { reason: fc.constantFrom<DeadReason>(...reasons, "loop_detected"), status: anyStatus },
  { requiredKeys: [] },
);
const anyMessageFilter = fc.record(
  {
    type: fc.constantFrom("a", "a.*", "#", "#.b", "*"),
    tag: fc.constantFrom("red", "%_"),
    attribute: fc.constantFrom(
      { name: "k", value: "1" },
      { name: "k", value: '"k":"1"' },
      { name: "toString", value: "" },
    ),
    state: fc.constantFrom(
      ...(["pending", "in_flight", "parked", "delivered", "dead", "filtered", "skipped"] as const),
    ),
  },
  { requiredKeys: [] },
);

type AnyMessage = typeof anyMessage extends fc.Arbitrary<infer T> ? T : never;

interface Recorded {
  readonly attempts: readonly Attempt[];
  readonly letters: readonly { readonly attempt: Attempt; readonly reason: DeadReason; readonly diedAtMs: number }[];
  readonly startMs: number;
}

export function searchContract({ promise, shared }: Part): void {
  promise("finds the attempts and dead letters that a naive filter finds, while new ones arrive", async () => {
    const lists = fc.record({ range: anyRange, attempts: anyAttemptFilter, letters: anyLetterFilter });
    const scene = fc.array(anyMessage, { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(
        scene,
        fc.array(lists, { minLength: 3, maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        (...given) => expectRecordsFound(shared(), ...given),
      ),
      { numRuns: runs },
    );
  });

  promise("finds the messages that a naive filter finds, by all that is known of them", async () => {
    const lists = fc.record({ range: anyRange, filter: anyMessageFilter });
    const scene = fc.array(anyMessage, { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(
        scene,
        fc.array(lists, { minLength: 3, maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        (...given) => expectMessagesFound(shared(), ...given),
      ),
      { numRuns: runs },
    );
  });

  promise("examines a bounded number of messages for one page, and goes on with the next page", async () => {
    const scene = await Scene.make(shared());
    await scene.publish(message("rare", { tags: ["rare"] }));
    const more = 500;
    for (let left = limits.recordsExaminedMax + more; left > 0; left -= 500) {
      await scene.publish(...Array.from({ length: Math.min(500, left) }, () => "common"));
    }
    const list = (after: string | null) =>
      scene.store.records.listMessages(scene.topic.id, { after, limit: 10 }, { tag: "rare" });
    const first = await list(null);
    expect(first).toMatchObject({ items: [], examined: limits.recordsExaminedMax, next: String(more + 2) });
    const second = await list(first.next);
    expect(second).toMatchObject({ items: [{ seq: 1, tags: ["rare"] }], examined: more + 1, next: null });
  });
}

/** Publishes the messages and settles the deliveries to `reader`. Another subscription has attempts too. */
async function play(scene: Scene, reader: Subscription, given: readonly AnyMessage[]): Promise<Recorded> {
  const { under, store } = scene;
  const startMs = scene.now;
  for (const { type, tags, attributes, gapMs } of given) {
    under.clock.advance(gapMs);
    await scene.publish(message("m", { type, tags, attributes: attributes }));
  }
  const other = await scene.subscribe("other", {}, "oldest");
  await scene.settleNext(other, delivered);
  const attempts: Attempt[] = [];
  const letters: { attempt: Attempt; reason: DeadReason; diedAtMs: number }[] = [];
  const claim = await scene.claim(reader);
  for (const delivery of claim.deliveries) {
    const { outcome } = given[delivery.message.seq - 1] as AnyMessage;
    if (outcome.kind === "none") continue;
    const { verdict, status, code: errorCode, startedAfterMs, reason } = outcome;
    const failed = { status, errorCode, startedAtMs: scene.now + startedAfterMs };
    const made =
      outcome.kind === "delivered"
        ? attempt(attempts.length + 1, "accepted", { startedAtMs: scene.now + startedAfterMs })
        : attempt(attempts.length + 1, verdict, failed);
    attempts.push(made);
    if (outcome.kind === "dead") letters.push({ attempt: made, reason, diedAtMs: scene.now });
    const settled =
      outcome.kind === "dead"
        ? ({ kind: "dead", reason } as const)
        : outcome.kind === "parked"
          ? parkedUntil(scene.now + 60_000)
          : delivered;
    await store.log.settle([{ ...settlement(claim, delivery, settled), attempt: made }]);
    under.clock.advance(outcome.startedAfterMs > 1 ? 1 : 0);
  }
  return { attempts, letters, startMs };
}

async function expectRecordsFound(
  under: ReturnType<Part["shared"]>,
  given: readonly AnyMessage[],
  lists: readonly { range: TimeRange; attempts: AttemptFilter; letters: DeadLetterFilter }[],
  limit: number,
): Promise<void> {
  const scene = await Scene.make(under);
  const { records } = scene.store;
  const reader = await scene.subscribe("reader");
  const { attempts, letters, startMs } = await play(scene, reader, given);
  const fresh = await Scene.make(under);
  for (const { range, ...filters } of lists) {
    const times = shifted(range, startMs);
    const wanted = { ...times, ...filters.attempts };
    const found = await pagesOf(limit, (page) => records.listAttempts(reader.id, page, wanted));
    const expected = attempts
      .filter((one) => isAttempt(one, wanted))
      .toSorted((one, next) => next.startedAtMs - one.startedAtMs || next.attempt - one.attempt);
    expect(found.map(({ attempt: number }) => number)).toEqual(expected.map(({ attempt: number }) => number));
    const letterFilter = { ...times, ...filters.letters };
    const dead = letters
      .filter((one) => isLetter(one, letterFilter))
      .toReversed()
      .map((one) => one.attempt.errorDetail === null || `${one.reason} ${one.attempt.status} ${one.diedAtMs}`);
    const own = await pagesOf(limit, (page) => records.listDeadLetters(reader.id, page, letterFilter));
    expect(own.map((one) => `${one.reason} ${one.lastStatus} ${one.diedAtMs}`)).toEqual(dead);
    const topicIds = [fresh.topic.id, scene.topic.id];
    const account = scene.topic.accountId;
    const ofTopics = { ...letterFilter, topicIds };
    const limited = await pagesOf(limit, (page) => records.listAccountDeadLetters(account, page, ofTopics));
    expect(limited).toEqual(own);
    const every = await pagesOf(50, (page) => records.listAccountDeadLetters(account, page, letterFilter));
    expect(every.filter(({ topic }) => topic === scene.topic.name)).toEqual(own);
  }
  await expectStable(scene, reader, attempts.length, limit);
}

/** The pages after the first one show the same, whether or not new attempts and dead letters have arrived. */
async function expectStable(scene: Scene, reader: Subscription, count: number, limit: number): Promise<void> {
  const { records } = scene.store;
  const read = async (after: string | null) => {
    const attempts = await pagesOf(limit, (page) => records.listAttempts(reader.id, page), after);
    return attempts.map((one) => one.attempt);
  };
  const first = await records.listAttempts(reader.id, { after: null, limit });
  const rest = first.next === null ? [] : await read(first.next);
  expect([...first.items.map((one) => one.attempt), ...rest]).toHaveLength(count);
  scene.under.clock.advance(10);
  await scene.publish("new");
  const claim = await scene.claim(reader);
  const [arrived] = claim.deliveries.filter((delivery) => delivery.message.seq > 1).slice(-1);
  if (arrived === undefined) throw new Error("The new message was not claimed.");
  const made = attempt(1, "failed", { startedAtMs: scene.now });
  const settled = { kind: "dead", reason: "expired" } as const;
  await scene.store.log.settle([{ ...settlement(claim, arrived, settled), attempt: made }]);
  expect(first.next === null ? [] : await read(first.next)).toEqual(rest);
}

async function expectMessagesFound(
  under: ReturnType<Part["shared"]>,
  given: readonly AnyMessage[],
  lists: readonly { range: TimeRange; filter: MessageFilter }[],
  limit: number,
): Promise<void> {
  const scene = await Scene.make(under);
  const { records } = scene.store;
  const early = await scene.subscribe("reader", { filter: { tags: [], types: ["#"] } });
  const { startMs } = await play(scene, early, given);
  const late = await scene.subscribe("late");
  const all: { message: Message; states: ReadonlyMap<string, string> }[] = [];
  for (let seq = given.length; seq >= 1; seq--) {
    const record = await records.getMessage(scene.topic.accountId, scene.idOf(seq));
    if (record === null) throw new Error("The message is gone.");
    all.push({
      message: record.message,
      states: new Map(record.deliveries.map((one) => [one.subscription, one.state])),
    });
  }
  for (const { range, filter } of lists) {
    for (const subscription of [early, late, null]) {
      const { state, ...conditions } = filter;
      const wanted: MessageFilter = {
        ...shifted(range, startMs),
        ...conditions,
        ...(subscription !== null && { subscriptionId: subscription.id }),
        ...(subscription !== null && state !== undefined && { state }),
      };
      const stateOf = (states: ReadonlyMap<string, string>) =>
        subscription === null ? null : (states.get(subscription.name) ?? null);
      const expected = all.filter(
        ({ message: one, states }) =>
          isMessage(one, wanted) && (wanted.state === undefined || stateOf(states) === wanted.state),
      );
      const found = await pagesOf(limit, (page) => records.listMessages(scene.topic.id, page, wanted));
      expect(found).toEqual(expected.map((one) => listed(one.message, stateOf(one.states))));
    }
  }
}

function listed(
  { body, request: _request, hops: _hops, trace: _trace, ...members }: Message,
  state: string | null,
): ListedMessage {
  return { ...members, bodyBytes: body.byteLength, state: state as ListedMessage["state"] };
}

function shifted({ fromMs, toMs }: TimeRange, startMs: number): TimeRange {
  return {
    ...(fromMs !== undefined && { fromMs: startMs + fromMs }),
    ...(toMs !== undefined && { toMs: startMs + toMs }),
  };
}

const isWithin = ({ fromMs = 0, toMs = Infinity }: TimeRange, ms: number): boolean => ms >= fromMs && ms < toMs;
const hasStatus = (range: StatusRange | undefined, status: number | null): boolean =>
  range === undefined || (status !== null && status >= range.from && status <= range.to);

function isAttempt(one: Attempt, { only, verdict, status, errorCode, ...range }: AttemptFilter): boolean {
  if (only === "failed" && one.verdict === "accepted") return false;
  if (verdict !== undefined && one.verdict !== verdict) return false;
  if (errorCode !== undefined && one.errorCode !== errorCode) return false;
  return hasStatus(status, one.status) && isWithin(range, one.startedAtMs);
}

function isLetter(one: Recorded["letters"][number], { reason, status, ...range }: DeadLetterFilter): boolean {
  if (reason !== undefined && one.reason !== reason) return false;
  return hasStatus(status, one.attempt.status) && isWithin(range, one.diedAtMs);
}

function isMessage(one: Message, { type, tag, attribute, ...range }: MessageFilter): boolean {
  const conditions = { tags: tag === undefined ? [] : [tag], types: type === undefined ? [] : [type] };
  if (!matchesFilter(conditions, one) || !isWithin(range, one.publishedAtMs)) return false;
  return attribute === undefined || new Map(Object.entries(one.attributes)).get(attribute.name) === attribute.value;
}

/** Reads all pages. */
export async function pagesOf<T>(
  limit: number,
  read: (page: PageRequest) => Promise<SearchPage<T>>,
  start: string | null = null,
): Promise<readonly T[]> {
  const items: T[] = [];
  let after = start;
  do {
    const page = await read({ after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    after = page.next;
  } while (after !== null);
  return items;
}
