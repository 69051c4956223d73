import { chanceFrom } from "../random.ts";
import type { Chance } from "../random.ts";

/** One disturbance of the cluster. It begins `afterMs` after the disturbance before it. */
export type Step =
  | { readonly kind: "kill"; readonly node: number; readonly downMs: number; readonly afterMs: number }
  | { readonly kind: "cut"; readonly share: number; readonly afterMs: number }
  | { readonly kind: "restart" | "crash"; readonly afterMs: number };

/**
 * A round stops one node until it has lost its claims. The steps in `meanwhile` are executed while the node is stopped,
 * those in `afterwards` after it has continued.
 */
export interface Round {
  readonly stopped: number;
  readonly meanwhile: readonly Step[];
  readonly afterwards: readonly Step[];
}

export const nodeCount = 3;

/** Generates rounds without end. The seed determines all choices. The duration of each round depends on the machine. */
export function* rounds(seed: number): Generator<Round, never> {
  const chance = chanceFrom(seed);
  for (;;) yield drawRound(chance);
}

/**
 * Draws the steps of a round. While one node is stopped, at most one of the two others is killed. The third node must
 * keep running, because only a node without an interrupted heartbeat can detect that the stopped node is gone.
 */
function drawRound(chance: Chance): Round {
  const stopped = chance.whole(0, nodeCount - 1);
  const mortal = (stopped + chance.whole(1, nodeCount - 1)) % nodeCount;
  const kill = (node: number): Step => ({ kind: "kill", node, downMs: chance.whole(0, 1_500), afterMs: gap(chance) });
  const cut = (): Step => ({ kind: "cut", share: chance.pick([0.3, 0.6, 1]), afterMs: gap(chance) });
  const [early, late] = chance.next() < 0.5 ? (["restart", "crash"] as const) : (["crash", "restart"] as const);
  const first = chance.whole(0, nodeCount - 1);
  return {
    stopped,
    meanwhile: shuffled(chance, [cut(), cut(), kill(mortal), { kind: early, afterMs: gap(chance) }]),
    afterwards: shuffled(chance, [
      cut(),
      cut(),
      kill(first),
      kill((first + chance.whole(1, nodeCount - 1)) % nodeCount),
      { kind: late, afterMs: gap(chance) },
    ]),
  };
}

function gap(chance: Chance): number {
  return chance.whole(200, 1_800);
}

function shuffled<T>(chance: Chance, items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, rank: chance.next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
