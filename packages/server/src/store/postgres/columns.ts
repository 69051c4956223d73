import type { Attempt, Message, TopicId } from "../../domain/model.ts";
import * as rows from "../record-rows.ts";

/**
 * Encodes an array of texts as a PostgreSQL array literal. An array of such arrays is sent as an array of texts,
 * because PostgreSQL requires nested arrays to have equal lengths.
 */
export function textArray(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(",")}}`;
}

/** Packs many byte strings into one parameter, which is sent in binary; an array would be sent as hexadecimal text. */
export function packBytes(parts: readonly (Uint8Array | null)[]): {
  readonly offsets: readonly number[];
  /** null: there was no byte string. */
  readonly sizes: readonly (number | null)[];
  readonly bytes: Buffer;
} {
  const offsets: number[] = [];
  let total = 0;
  for (const part of parts) {
    offsets.push(total);
    total += part?.byteLength ?? 0;
  }
  const sizes = parts.map((part) => part?.byteLength ?? null);
  const bytes = Buffer.concat(parts.filter((part) => part !== null));
  return { offsets, sizes, bytes };
}

/** The attempts of settlements, as the last parameters of `ringback.settle` and `ringback.settle_pulled`. */
export function attemptColumns(attempts: readonly (Attempt | null)[]): readonly unknown[] {
  const { offsets, sizes, bytes } = packBytes(attempts.map((attempt) => attempt?.reply ?? null));
  return [
    attempts.map((attempt) => attempt?.attempt ?? null),
    attempts.map((attempt) => attempt?.startedAtMs ?? null),
    attempts.map((attempt) => attempt?.durationMs ?? null),
    attempts.map((attempt) => (attempt === null ? null : rows.verdictCodes.indexOf(attempt.verdict))),
    attempts.map((attempt) => attempt?.status ?? null),
    attempts.map((attempt) => attempt?.errorCode ?? null),
    attempts.map((attempt) => attempt?.errorDetail ?? null),
    offsets,
    sizes,
    bytes,
  ];
}

export type MessageRow = rows.MessageRow<readonly string[]>;

export function toMessage(topicId: TopicId, row: MessageRow): Message {
  return rows.toMessage(topicId, row, row.tags);
}
