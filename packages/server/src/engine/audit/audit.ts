import { createHash } from "node:crypto";
import { limits } from "../../domain/limits.ts";
import type { AccountId, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { auditIdOf, auditRandomMax, type AuditRecord, type AuditStore } from "../../store/audit.ts";
import type { Caller } from "../access/access.ts";

/** The author of a change. `id`: the id of an API key, or a word such as those of `actors`. */
export interface Actor {
  readonly id: string;
  /** The name of the API key at the time of the change; null: not an API key. */
  readonly name: string | null;
}

export const actors = {
  anyone: { id: "anyone", name: null },
  operatorToken: { id: "operator-token", name: null },
  configuration: { id: "configuration", name: null },
  commandLine: { id: "command-line", name: null },
} as const satisfies Readonly<Record<string, Actor>>;

/** One change. The views are those that the API shows, so they contain no secrets. */
export interface Change {
  readonly who: Actor;
  /** The address of the client; null: the change came from no client. */
  readonly source: string | null;
  /** The id of the request, which its answer has; null: the change came from no request. */
  readonly requestId: string | null;
  /** The operation of the API, such as `putTopic`. */
  readonly action: string;
  /** The changed resource: a path of the API without `/v1/`, such as `topics/orders`. */
  readonly target: string;
  /** null: it did not exist, or the action does not record it. */
  readonly before: object | null;
  readonly after: object | null;
}

/** The details that the store keeps with a record. */
export interface AuditDetails extends Pick<Change, "source" | "requestId" | "before" | "after"> {
  readonly whoName: string | null;
}

export interface AuditOptions {
  readonly store: { readonly audit: Pick<AuditStore, "append"> };
  readonly clock: Clock;
  /** Returns a random whole number below `max`. */
  readonly randomInt: (max: number) => number;
  /** Called for each change, before its record is written. */
  readonly recorded: (record: AuditRecord) => void;
  /** Called for each record that could not be written. */
  readonly failed: (error: unknown, record: AuditRecord) => void;
}

/** Ids of one millisecond grow by random steps, so that they do not show how much happens in other accounts. */
const stepMax = 2 ** 32;
const randomMax = 2 ** 47;

/** Records changes. Concurrent records share a commit. */
export class Audit {
  readonly #options: AuditOptions;
  #last = { atMs: 0, random: 0 };
  #waiting: AuditRecord[] = [];
  #writing: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the record is written. A record that cannot be written is only logged, because the change has been
   * made (docs/adr/0027-a-change-is-recorded-before-its-answer.md).
   */
  record(accountId: AccountId, change: Change): Promise<void> {
    const record = this.#recordOf(accountId, change);
    this.#options.recorded(record);
    this.#waiting.push(record);
    return (this.#next ??= this.#writing = this.#writing.then(() => this.#write()));
  }

  #recordOf(accountId: AccountId, { who, action, target, source, requestId, before, after }: Change): AuditRecord {
    const atMs = this.#options.clock.wall();
    const details: AuditDetails = {
      whoName: who.name,
      source,
      requestId,
      before: withShortTexts(before),
      after: withShortTexts(after),
    };
    return { id: this.#idAt(atMs), accountId, atMs, who: who.id, action, target, details };
  }

  /** While the clock stands still, or has been set back, ids continue after the last one. */
  #idAt(nowMs: TimeMs): string {
    const { randomInt } = this.#options;
    const { atMs, random } = this.#last;
    const next = random + 1 + randomInt(stepMax);
    if (nowMs > atMs) this.#last = { atMs: nowMs, random: randomInt(randomMax) };
    else this.#last = next < auditRandomMax ? { atMs, random: next } : { atMs: atMs + 1, random: randomInt(randomMax) };
    return auditIdOf(this.#last.atMs, this.#last.random);
  }

  async #write(): Promise<void> {
    const records = this.#waiting.splice(0);
    this.#next = null;
    try {
      await this.#options.store.audit.append(records);
    } catch (error) {
      for (const record of records) this.#options.failed(error, record);
    }
  }
}

export function actorOf({ keyId, name, isPortal }: Pick<Caller, "keyId" | "name" | "isPortal">): Actor {
  if (keyId === null) return actors.anyone;
  if (isPortal) return { id: `portal:${keyId}`, name };
  return keyId === actors.operatorToken.id ? actors.operatorToken : { id: keyId, name };
}

/** Long texts, such as certificates, are replaced by their hash, so that records are small and still show a change. */
function withShortTexts(view: object | null): object | null {
  return view && (JSON.parse(JSON.stringify(view, (_name, value: unknown) => shortened(value))) as object);
}

function shortened(value: unknown): unknown {
  if (typeof value !== "string" || value.length <= limits.auditTextCharsMax) return value;
  return `${value.length} characters, SHA-256 ${createHash("sha256").update(value).digest("hex")}`;
}
