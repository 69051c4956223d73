import { expect } from "vitest";
import type { Order } from "../../domain/model.ts";
import { limits } from "../../domain/limits.ts";
import { delivered, keyed, parkedUntil, Scene, textsOf } from "./fixtures.ts";
import type { Part } from "./part.ts";
import { startReplay, stepOf } from "./replay-fixtures.ts";

/** A subscription that has delivered "a1" and "a2". */
async function settledScene(part: Part, order: Order) {
  const scene = await Scene.make(part.shared());
  const reader = await scene.subscribe("reader", { order });
  await scene.publish(keyed("a1"), keyed("a2"));
  for (let left = 2; left > 0;) left -= (await scene.settleNext(reader, delivered)).deliveries.length;
  return { scene, reader };
}

export function replayOrderContract(part: Part): void {
  const { promise } = part;
  for (const order of ["key", "strict"] as const) {
    promise(`sends separate copies beside a parked delivery, with order "${order}"`, async () => {
      const { scene, reader } = await settledScene(part, order);
      await scene.publish(keyed("a3"));
      await scene.settleNext(reader, parkedUntil(scene.now + 60_000));
      await stepOf(scene, await startReplay(scene, reader));
      const sent: string[] = [];
      for (let left = 2; left > 0; left--) {
        const claim = await scene.claim(reader, { deliveriesMax: 1 });
        sent.push(...textsOf(claim));
        expect(claim.deliveries).toMatchObject([{ isApart: true }]);
        await scene.settle(claim, delivered);
      }
      expect(sent).toEqual(["a1", "a2"]);
    });

    promise(`delivers live messages while separate copies wait or are open, with order "${order}"`, async () => {
      const { scene, reader } = await settledScene(part, order);
      const replay = await startReplay(scene, reader, { source: { toSeq: 1 } });
      await stepOf(scene, replay);
      const copy = await scene.claim(reader);
      expect(textsOf(copy)).toEqual(["a1"]);
      await scene.publish(keyed("a3"), keyed("a4"));
      const live = await scene.claim(reader);
      expect(textsOf(live)[0]).toBe("a3");
      await scene.settle(copy, parkedUntil(scene.now + 60_000));
      await scene.settle(live, delivered);
      await scene.publish(keyed("a5"));
      const rest: string[] = [];
      for (let left = 3 - live.deliveries.length; left > 0;) {
        const claim = await scene.settleNext(reader, delivered);
        rest.push(...textsOf(claim));
        left -= claim.deliveries.length;
      }
      expect(rest.at(-1)).toBe("a5");
      scene.under.clock.advance(60_000);
      const again = await scene.claim(reader);
      expect(again.deliveries).toMatchObject([{ retriesMade: 1, isApart: true }]);
      await scene.settle(again, delivered);
    });
  }

  promise("sends one separate copy at a time with strict order, and one live delivery beside it", async () => {
    const { scene, reader } = await settledScene(part, "strict");
    await stepOf(scene, await startReplay(scene, reader));
    await scene.publish(keyed("a3"), keyed("a4"));
    const claim = await scene.claim(reader);
    expect(textsOf(claim)).toEqual(["a1", "a3"]);
    const none = await scene.claim(reader);
    expect(none).toMatchObject({ deliveries: [], more: false });
    expect(none.nextDueAtMs).not.toBeNull();
    await scene.settle(claim, delivered);
    expect(textsOf(await scene.claim(reader))).toEqual(["a2", "a4"]);
  });

  promise("sends copies with the order of live traffic when asked", async () => {
    const { scene, reader } = await settledScene(part, "key");
    await stepOf(scene, await startReplay(scene, reader, { order: "live", source: { toSeq: 1 } }));
    const copy = await scene.claim(reader);
    expect(textsOf(copy)).toEqual(["a1"]);
    await scene.settle(copy, parkedUntil(scene.now + 60_000));
    await scene.publish(keyed("a3"), keyed("b1"));
    expect(textsOf(await scene.claim(reader))).toEqual(["b1"]);
    scene.under.clock.advance(60_000);
    await scene.settleNext(reader, delivered);
    const [next] = await scene.claimUntil(reader, 1);
    expect(textsOf(next as never)).toEqual(["a3"]);
  });

  promise("gives live messages most of each claim", async () => {
    const scene = await Scene.make(part.shared());
    const reader = await scene.subscribe("reader");
    await scene.publish(...Array.from({ length: 200 }, (_, index) => keyed(`old ${index}`)));
    for (const claim of await scene.claimUntil(reader, 200)) await scene.settle(claim, delivered);
    await stepOf(scene, await startReplay(scene, reader));
    await scene.publish(...Array.from({ length: 400 }, (_, index) => keyed(`new ${index}`)));
    let copies = 0;
    let live = 0;
    while (live < 200) {
      const claim = await scene.claim(reader, { deliveriesMax: 16 });
      expect(claim.more).toBe(true);
      const old = textsOf(claim).filter((text) => text.startsWith("old")).length;
      copies += old;
      live += claim.deliveries.length - old;
      await scene.settle(claim, delivered);
    }
    expect(copies / (copies + live)).toBeLessThan(0.2);
    expect(copies).toBeGreaterThan(0);
    expect(limits.replayShare).toBe(8);
  });
}
