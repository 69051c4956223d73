import { expect, test } from "vitest";
import { Chaos } from "../testing/chaos.ts";

/**
 * The real engine; the store, the endpoints, time and chance are simulated. Each seed is another life: failures, hangs,
 * pauses, resumes, changes of order, redrives, replacements, stops and kills at random. More seeds may be run by hand.
 */
const seeds = Array.from({ length: 40 }, (_, index) => index);

test("whatever happens, every message is delivered or dead in the end, in order and never after it was settled", async () => {
  for (const seed of seeds) {
    const chaos = new Chaos({ seed, withNet: false });
    await chaos.run();
    expect(chaos.broken, `seed ${seed}`).toEqual([]);
  }
});

test("the same, although hints get lost and leases run out: what was missed is found by looking for it", async () => {
  for (const seed of seeds) {
    const chaos = new Chaos({ seed, withNet: true });
    await chaos.run();
    expect(chaos.broken, `seed ${seed}`).toEqual([]);
  }
});
