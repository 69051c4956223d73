import { describe, expect, test } from "vitest";
import type { Message, TopicId } from "../../domain/model.ts";
import { message } from "../contract/fixtures.ts";
import { messageBytes } from "./message-bytes.ts";
import { MessageCache } from "./message-cache.ts";

function cached(topic: number, seq: number, bytes: number, attributes: Record<string, string> = {}): Message {
  const { delayMs: _, ...rest } = message("x".repeat(bytes), { attributes });
  return {
    ...rest,
    topicId: topic as TopicId,
    seq,
    publishedAtMs: 0,
    deliverAtMs: null,
    request: null,
    hops: 0,
    trace: null,
  };
}

const first = 1 as TopicId;
const second = 2 as TopicId;

describe("the cache of new messages", () => {
  test("drops the oldest messages of all topics when the bytes pass the limit", () => {
    const one = messageBytes(cached(1, 1, 1_000));
    const cache = new MessageCache(3 * one);
    cache.add(cached(1, 1, 1_000));
    cache.add(cached(2, 1, 1_000));
    cache.add(cached(1, 2, 1_000));
    expect(cache.get(first, 1)).toBeDefined();
    cache.add(cached(1, 3, 1_000));
    expect(cache.get(first, 1)).toBeUndefined();
    expect([cache.get(second, 1), cache.get(first, 2), cache.get(first, 3)].every(Boolean)).toBe(true);
  });

  test("counts attributes as well as bodies", () => {
    const attributes = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`a${index}`, "v".repeat(1_000)]));
    const cache = new MessageCache(30_000);
    for (let seq = 1; seq <= 10; seq++) cache.add(cached(1, seq, 0, attributes));
    const kept = Array.from({ length: 10 }, (_, index) => cache.get(first, index + 1)).filter(Boolean);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length * 8_000).toBeLessThan(30_000);
  });

  test("does not keep a message that is larger than the cache, and keeps the others", () => {
    const cache = new MessageCache(10_000);
    cache.add(cached(1, 1, 100));
    cache.add(cached(1, 2, 10_000));
    expect(cache.get(first, 1)).toBeDefined();
    expect(cache.get(first, 2)).toBeUndefined();
  });

  test("drops the messages of a deleted topic at once", () => {
    const one = messageBytes(cached(1, 1, 100));
    const cache = new MessageCache(4 * one);
    cache.add(cached(1, 1, 100));
    cache.add(cached(1, 2, 100));
    cache.dropTopic(first);
    expect(cache.get(first, 2)).toBeUndefined();
    for (let seq = 1; seq <= 10; seq++) cache.add(cached(2, seq, 100));
    const kept = Array.from({ length: 10 }, (_, index) => cache.get(second, index + 1)).filter(Boolean);
    expect(kept).toHaveLength(4);
  });

  test("keeps the same number of messages after thousands", () => {
    const one = messageBytes(cached(1, 1, 10));
    const cache = new MessageCache(100 * one);
    for (let seq = 1; seq <= 20_000; seq++) cache.add(cached(1, seq, 10));
    expect(cache.get(first, 19_901)).toBeDefined();
    expect(cache.get(first, 19_900)).toBeUndefined();
  });
});
