import { expect } from "vitest";
import type { NewMessage } from "../../domain/model.ts";
import { limits } from "../../domain/limits.ts";
import type { AppendResult } from "../log.ts";
import type { Part } from "./part.ts";
import { HOUR_MS, message, Scene, textsOf } from "./fixtures.ts";

export function appendContract({ promise, shared }: Part): void {
  promise("numbers the messages of a topic from 1 without a gap", async () => {
    const scene = await Scene.make(shared());
    expect(await scene.publish("a")).toEqual({ firstSeq: 1, publishedAtMs: scene.now, replayed: false });
    expect(await scene.publish("b", "c")).toMatchObject({ firstSeq: 2 });
    expect(await scene.publish("d")).toMatchObject({ firstSeq: 4 });
  });

  promise("numbers the messages of each topic separately", async () => {
    const [one, other] = [await Scene.make(shared()), await Scene.make(shared())];
    await one.publish("a", "b");
    expect(await other.publish("c")).toMatchObject({ firstSeq: 1 });
  });

  promise(
    "gives each of many concurrent publishes a range of positions without gaps, in the order of its messages",
    async () => {
      const scenes = [await Scene.make(shared()), await Scene.make(shared()), await Scene.make(shared())];
      const published = await Promise.all(
        Array.from({ length: 300 }, async (_, index) => {
          const scene = scenes[index % scenes.length] as Scene;
          const texts = Array.from({ length: 1 + (index % 4) }, (_, part) => `${index}.${part}`);
          return { scene, texts, result: await scene.publish(...texts) };
        }),
      );
      for (const scene of scenes) {
        const all = await scene.subscribe("all", {}, "oldest");
        const log: string[] = [];
        for (let claim = await scene.claim(all); claim.deliveries.length > 0; claim = await scene.claim(all)) {
          log.push(...textsOf(claim));
        }
        const ofScene = published.filter((each) => each.scene === scene);
        expect(log).toHaveLength(ofScene.reduce((sum, { texts }) => sum + texts.length, 0));
        for (const { texts, result } of ofScene) {
          expect(log.slice(result.firstSeq - 1, result.firstSeq - 1 + texts.length)).toEqual(texts);
        }
      }
    },
  );

  promise("never decreases publishing times within a log, even when the clock is set back", async () => {
    const scene = await Scene.make(shared());
    const first = await scene.publish("a");
    scene.under.clock.advance(-5_000);
    const second = await scene.publish("b");
    scene.under.clock.advance(5_000);
    expect(second.publishedAtMs).toBe(first.publishedAtMs);
  });

  promise("keeps every byte and every field of a message", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const whole: NewMessage = {
      body: everyByte,
      contentType: "application/json; charset=utf-8",
      tags: ["重要", "b c", "🙂"],
      type: "a.b.c",
      orderingKey: "客户-1",
      attributes: { "x-trace": "00-ab", protox: "é", z: "" },
      request: {
        headers: [
          ["x-hub-signature-256", "sha256=00"],
          ["x-repeated", "1"],
          ["__proto__", 'é"\\'],
          ["x-repeated", "2"],
        ],
        query: "a=1&a=%20",
      },
      hops: 3,
      trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", tracestate: "a=1,b=!~" },
      delayMs: 0,
    };
    await scene.publish(
      whole,
      message("", { attributes: JSON.parse('{"__proto__": "own"}') as Record<string, string> }),
      message("", { hops: 4 }),
      message("", {
        trace: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", tracestate: null },
      }),
    );
    const check = (found: readonly unknown[]): void => {
      expect(found[0]).toEqual({
        ...whole,
        delayMs: undefined,
        topicId: scene.topic.id,
        seq: 1,
        publishedAtMs: scene.now,
        deliverAtMs: null,
      });
      expect(JSON.stringify((found[1] as NewMessage).attributes)).toBe('{"__proto__":"own"}');
      expect(found.slice(1)).toMatchObject([
        { request: null, hops: 0, trace: null },
        { request: null, hops: 4, trace: null },
        { request: null, hops: 0, trace: { traceparent: expect.stringMatching(/-00$/) as string, tracestate: null } },
      ]);
    };
    const claim = await scene.claim(reader);
    check(claim.deliveries.map((delivery) => plain(delivery.message)));
    // After a crash, the messages are read from the database and not from a cache.
    await scene.under.crash();
    const again = await scene.claim(reader);
    check(again.deliveries.map((delivery) => plain(delivery.message)));
  });

  promise("accepts an empty body, in a batch of its own and together with other bodies", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(message(""));
    await Promise.all([scene.publish("x", message("")), scene.publish(message(""))]);
    await scene.under.crash();
    const claim = await scene.claim(reader);
    expect(textsOf(claim).toSorted()).toEqual(["", "", "", "x"]);
  });

  promise("accepts the largest body and the largest batch", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const large = Buffer.alloc(limits.bodyBytesMax, "0123456789abcdef");
    await scene.publish(message("", { body: large }));
    const many = Array.from({ length: limits.batchMessagesMax }, (_, index) => `${index}`);
    expect(await scene.publish(...many)).toMatchObject({ firstSeq: 2 });
    await scene.under.crash();
    const [first] = (await scene.claim(reader, { deliveriesMax: 1 })).deliveries;
    expect(Buffer.compare(first?.message.body ?? new Uint8Array(), large)).toBe(0);
    const claims = await scene.claimUntil(reader, many.length);
    expect(claims.flatMap(textsOf)).toEqual(many);
  });

  promise("refuses an unknown topic and appends nothing of the request", async () => {
    const scene = await Scene.make(shared());
    await scene.store.catalog.deleteTopic(scene.topic.accountId, scene.topic.name);
    await expect(scene.publish("a", "b")).rejects.toMatchObject({ code: "topic_not_found" });
  });

  promise("refuses an empty batch", async () => {
    const scene = await Scene.make(shared());
    await expect(scene.publish()).rejects.toMatchObject({ code: "empty_batch" });
  });

  promise("appends a request with the same idempotency key once, and returns the first result again", async () => {
    const scene = await Scene.make(shared());
    const first = await append(scene, "k", "same", "a", "b");
    scene.under.clock.advance(1_000);
    expect(await append(scene, "k", "same", "a", "b")).toEqual({ ...first, replayed: true });
    expect(await scene.publish("c")).toMatchObject({ firstSeq: 3 });
  });

  promise("appends only one of many concurrent requests with the same idempotency key", async () => {
    const scene = await Scene.make(shared());
    const results = await Promise.all(Array.from({ length: 20 }, () => append(scene, "k", "same", "a")));
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(results.map(({ firstSeq }) => firstSeq))).toEqual(new Set([1]));
    expect(await scene.publish("b")).toMatchObject({ firstSeq: 2 });
  });

  promise("refuses an idempotency key that another request has used, and appends nothing", async () => {
    const scene = await Scene.make(shared());
    await append(scene, "k", "one", "a");
    const refused = append(scene, "k", "other", "b", "c");
    const beside = scene.publish("d");
    await expect(refused).rejects.toMatchObject({ code: "idempotency_conflict" });
    expect(await beside).toMatchObject({ firstSeq: 2 });
  });

  promise("treats equal idempotency keys of two topics as different keys", async () => {
    const [one, other] = [await Scene.make(shared()), await Scene.make(shared())];
    await append(one, "k", "one", "a");
    expect(await append(other, "k", "other", "b")).toMatchObject({ firstSeq: 1, replayed: false });
  });

  promise("keeps idempotency keys over a crash", async () => {
    const scene = await Scene.make(shared());
    const first = await append(scene, "k", "same", "a");
    await scene.under.crash();
    expect(await append(scene, "k", "same", "a")).toEqual({ ...first, replayed: true });
  });

  promise(
    "ignores an idempotency key from the millisecond in which it expires, whether retention has run or not",
    async () => {
      const scene = await Scene.make(shared());
      await append(scene, "k", "same", "a");
      scene.under.clock.advance(limits.idempotencyKeyHours * HOUR_MS - 1);
      expect(await append(scene, "k", "same", "a")).toMatchObject({ firstSeq: 1, replayed: true });
      scene.under.clock.advance(1);
      expect(await append(scene, "k", "other", "b")).toMatchObject({ firstSeq: 2, replayed: false });
      expect(await append(scene, "k", "other", "b")).toMatchObject({ firstSeq: 2, replayed: true });
    },
  );
}

/** Makes messages comparable, because drivers return different kinds of byte arrays and attributes of any prototype. */
function plain(found: NewMessage | object): unknown {
  const { body, attributes, ...rest } = found as NewMessage;
  return { ...rest, body: Uint8Array.from(body), attributes: { ...attributes } };
}

function append(scene: Scene, key: string, fingerprint: string, ...texts: string[]): Promise<AppendResult> {
  return scene.store.log.append({
    topicId: scene.topic.id,
    messages: texts.map((text) => message(text)),
    idempotency: { key, fingerprint },
  });
}
