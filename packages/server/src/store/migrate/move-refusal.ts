import { RingbackError } from "../../domain/errors.ts";

export type MoveRefusalReason =
  /** There is no SQLite database in the folder. */
  | "no_source"
  /** The target holds something that no move has put there. */
  | "target_not_empty"
  /** A server has the target open. */
  | "target_in_use"
  /** The move had ended, and a server has been started on the target since. */
  | "target_used_since"
  /** The target's move was begun from another folder, or a server has written into this one since. */
  | "other_source"
  /** Somebody else moves into the same target at this moment. */
  | "other_move";

/** A move that would lose or double something does not begin. */
export class MoveRefusal extends RingbackError {
  readonly reason: MoveRefusalReason;

  constructor(reason: MoveRefusalReason, message: string) {
    super("storage_unavailable", message);
    this.reason = reason;
  }
}
