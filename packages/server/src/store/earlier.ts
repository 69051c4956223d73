import type { TimeMs } from "../domain/model.ts";

/** The earlier of two times; null stands for never. */
export function earlier(one: TimeMs | null, other: TimeMs | null): TimeMs | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other);
}
