import { RingbackError } from "../../domain/errors.ts";

export type MoveRefusalReason =
  /** The folder has no SQLite database. */
  | "no_source"
  /** The target has data that was not written by a move. */
  | "target_not_empty"
  /** A server has the target open. */
  | "target_in_use"
  /** An earlier move into the target was finished, and a server has been started on the target since. */
  | "target_used_since"
  /** The interrupted move was begun from another folder, or a server has written to this folder since. */
  | "other_source"
  /** Another move into the same target is running. */
  | "other_move";

/** A move that would lose or duplicate data is refused. */
export class MoveRefusal extends RingbackError {
  readonly reason: MoveRefusalReason;

  constructor(reason: MoveRefusalReason, message: string) {
    super("storage_unavailable", message);
    this.reason = reason;
  }
}
