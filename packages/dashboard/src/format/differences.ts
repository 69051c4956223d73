/** A line of two texts: in both, or only in one of them. */
export interface ComparedLine {
  readonly text: string;
  readonly isOther: boolean;
}

/** With more lines, only lines of one index are compared, because the time grows with the product of both counts. */
const linesMax = 1_000;

/** The lines of each text, of which those are marked that the other does not have at this place. */
export function comparedLines(one: string, other: string): readonly [readonly ComparedLine[], readonly ComparedLine[]] {
  const [left, right] = [one.split("\n"), other.split("\n")];
  const shared =
    left.length > linesMax || right.length > linesMax ? sharedByIndex(left, right) : longestShared(left, right);
  return [marked(left, shared[0]), marked(right, shared[1])];
}

function marked(lines: readonly string[], same: ReadonlySet<number>): readonly ComparedLine[] {
  return lines.map((text, index) => ({ text, isOther: !same.has(index) }));
}

type Shared = readonly [ReadonlySet<number>, ReadonlySet<number>];

function sharedByIndex(left: readonly string[], right: readonly string[]): Shared {
  const same = new Set(left.flatMap((line, index) => (line === right[index] ? [index] : [])));
  return [same, same];
}

/** The indexes of the longest common subsequence, in each of the two. */
function longestShared(left: readonly string[], right: readonly string[]): Shared {
  const width = right.length + 1;
  // For each pair of places, the number of lines that the rests share.
  const lengths = new Uint16Array((left.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      lengths[i * width + j] = left[i] === right[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const [ofLeft, ofRight] = [new Set<number>(), new Set<number>()];
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      ofLeft.add(i++);
      ofRight.add(j++);
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return [ofLeft, ofRight];
}
