import { useText } from "../language/text.ts";
import { useSignedIn, type Role } from "./session.ts";

/** Reasons why the reader's role may not do something, for the `blocked` of a button; undefined: it may. */
export interface Blocks {
  /** Creating, changing and deleting. */
  readonly change: string | undefined;
  readonly publish: string | undefined;
  /** Pulling messages, and calling hooks. */
  readonly consume: string | undefined;
}

const changes: readonly Role[] = ["operator", "admin"];

export function useBlocks(): Blocks {
  const text = useText();
  const { role } = useSignedIn();
  const reason = (...others: readonly Role[]): string | undefined =>
    [...changes, ...others].includes(role) ? undefined : text("common.notYourRole", { role });
  return { change: reason(), publish: reason("publish"), consume: reason("consume") };
}
