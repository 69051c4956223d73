import { chanceFrom } from "../random.ts";
import type { Chance } from "../random.ts";

/** One disturbance of the cluster, `afterMs` after the one before. */
export type Step =
  | { readonly kind: "kill"; readonly node: number; readonly downMs: number; readonly afterMs: number }
  | { readonly kind: "cut"; readonly share: number; readonly afterMs: number }
  | { readonly kind: "restart" | "crash"; readonly afterMs: number };

/**
 * Stops one node until it has lost its claims. `meanwhile` happens while it is stopped, `afterwards` when it has
 * continued.
 */
export interface Round {
  readonly stopped: number;
  readonly meanwhile: readonly Step[];
  readonly afterwards: readonly Step[];
}

export const nodeCount = 3;

/** Rounds without end. The seed determines all choices; the machine determines how long each round takes. */
export function* rounds(seed: number): Generator<Round, never> {
  const chance = chanceFrom(seed);
  for (;;) yield drawRound(chance);
}

/**
 * One node is never disturbed while another is stopped. Only a node without heartbeat gaps can declare another dead.
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
