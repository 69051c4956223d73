/**
 * The names of timed groups of endpoints begin with this prefix. In these groups, a body begins with the scheduled time
 * of its request.
 */
export const TIMED_GROUP_PREFIX = "timed";
/** Length of the scheduled time: microseconds of the shared clock, in decimal, with leading zeros. */
export const TIMESTAMP_CHARS = 20;

const examplesMax = 20;

export interface Arrivals {
  readonly requests: number;
  readonly distinct: number;
  readonly duplicates: number;
  readonly lastAtMs: number;
}

export interface Comparison {
  readonly expected: number;
  readonly missing: number;
  /** Some of the missing deliveries, each as `path id`. */
  readonly missingExamples: readonly string[];
  readonly duplicates: number;
  /** Deliveries with an id that was in no 201 reply. Either the reply was lost or the id is wrong. */
  readonly unexpected: number;
}

export interface SampleRequest {
  readonly head: string;
  readonly body: Uint8Array;
}

interface Group {
  requests: number;
  distinct: number;
  duplicates: number;
  lastAtMs: number;
  sample: SampleRequest | null;
  readonly idsByPath: Map<string, Set<string>>;
  readonly latenciesMs: number[];
}

/**
 * Records the message, the path and the delay of every request of the receiver. A path is `/group/member`. Requests are
 * counted per group. Message ids are recorded per path.
 */
export class Ledger {
  readonly #groups = new Map<string, Group>();

  record(path: string, id: string, head: string, body: Buffer, atMs: number): void {
    const name = groupName(path);
    const group = this.#group(name);
    group.requests += 1;
    group.lastAtMs = atMs;
    group.sample ??= { head, body: Uint8Array.from(body) };
    let ids = group.idsByPath.get(path);
    if (ids === undefined) group.idsByPath.set(path, (ids = new Set()));
    const before = ids.size;
    ids.add(id);
    if (ids.size === before) {
      group.duplicates += 1;
      return;
    }
    group.distinct += 1;
    if (name.startsWith(TIMED_GROUP_PREFIX)) {
      group.latenciesMs.push(atMs - Number(body.toString("latin1", 0, TIMESTAMP_CHARS)) / 1000);
    }
  }

  arrivals(groupName: string): Arrivals {
    const { requests, distinct, duplicates, lastAtMs } = this.#groups.get(groupName) ?? emptyGroup();
    return { requests, distinct, duplicates, lastAtMs };
  }

  /** Compares the deliveries to each of `members` with the ids of the accepted messages. */
  compare(groupName: string, members: readonly string[], accepted: readonly string[]): Comparison {
    const group = this.#groups.get(groupName) ?? emptyGroup();
    const missingExamples: string[] = [];
    let missing = 0;
    let found = 0;
    for (const member of members) {
      const path = `/${groupName}/${member}`;
      const ids = group.idsByPath.get(path);
      for (const id of accepted) {
        if (ids?.has(id) === true) {
          found += 1;
          continue;
        }
        missing += 1;
        if (missingExamples.length < examplesMax) missingExamples.push(`${path} ${id}`);
      }
    }
    return {
      expected: members.length * accepted.length,
      missing,
      missingExamples,
      duplicates: group.duplicates,
      unexpected: group.distinct - found,
    };
  }

  sample(groupName: string): SampleRequest | null {
    return this.#groups.get(groupName)?.sample ?? null;
  }

  latenciesMs(groupName: string): readonly number[] {
    return this.#groups.get(groupName)?.latenciesMs ?? [];
  }

  discard(groupName: string): void {
    this.#groups.delete(groupName);
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) this.#groups.set(name, (group = emptyGroup()));
    return group;
  }
}

function groupName(path: string): string {
  const end = path.indexOf("/", 1);
  return path.slice(1, end === -1 ? path.length : end);
}

function emptyGroup(): Group {
  return {
    requests: 0,
    distinct: 0,
    duplicates: 0,
    lastAtMs: 0,
    sample: null,
    idsByPath: new Map(),
    latenciesMs: [],
  };
}
