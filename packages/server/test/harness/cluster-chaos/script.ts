import { chanceFrom } from "../random.ts";
import type { Chance } from "../random.ts";

/** What is done to the cluster, one step after the other; `afterMs` after the one before. */
export type Step =
  | { readonly kind: "kill"; readonly node: number; readonly downMs: number; readonly afterMs: number }
  | { readonly kind: "cut"; readonly share: number; readonly afterMs: number }
  | { readonly kind: "restart" | "crash"; readonly afterMs: number };

/** One node is stopped until it has lost its claims and goes on then; `meanwhile` and `afterwards` happen beside that. */
export interface Round {
  readonly stopped: number;
  readonly meanwhile: readonly Step[];
  readonly afterwards: readonly Step[];
}

export const nodeCount = 3;

/** The rounds of a run, without end: all chance is the seed's, how long each takes is the machine's. */
export function* rounds(seed: number): Generator<Round, never> {
  const chance = chanceFrom(seed);
  for (;;) yield drawRound(chance);
}

/** While one node is stopped another one lives through it all: only a node that has been heard all the time may say of another that it is gone. */
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
    .map((item) => ({ item, place: chance.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
