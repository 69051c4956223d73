import { RingbackError } from "../../domain/errors.ts";
import type { PageRequest } from "../page.ts";

/** Pages of records go by falling id. */
export function beforeId(page: PageRequest): number {
  if (page.after === null) return Number.MAX_SAFE_INTEGER;
  const id = toId(page.after);
  if (id === null) throw new RingbackError("invalid_cursor");
  return id;
}

export function toId(text: string): number | null {
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
