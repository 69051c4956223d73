import type { AttemptRecord } from "../../store/records.ts";

/** Describes messages whose recorded attempts are not numbered 1, 2, 3 … */
export function misnumberedAttempts(records: readonly AttemptRecord[]): string[] {
  const wrong: string[] = [];
  for (const [messageId, attempts] of Map.groupBy(records, (record) => record.messageId)) {
    const sorted = attempts.map(({ attempt }) => attempt).toSorted((one, other) => one - other);
    const misnumbered = sorted.find((attempt, index) => attempt !== index + 1);
    if (misnumbered !== undefined) wrong.push(`attempt ${misnumbered} of ${messageId} is recorded: ${sorted.join()}`);
  }
  return wrong;
}
