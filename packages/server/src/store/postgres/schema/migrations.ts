import { append } from "./append.ts";
import { claim } from "./claim.ts";
import { append as appendBySlot } from "./partitions/append.ts";
import { attemptRanges } from "./partitions/attempt-ranges.ts";
import { claim as claimBySlot } from "./partitions/claim.ts";
import { messageSlots } from "./partitions/message-slots.ts";
import { checkBounds, declareBounds } from "./partitions/prepare.ts";
import { settle as settleByRange } from "./partitions/settle.ts";
import { partitionedTables } from "./partitions/tables.ts";
import { trim as trimBySlot } from "./partitions/trim.ts";
import { pull } from "./pull.ts";
import { settle } from "./settle.ts";
import { tables } from "./tables.ts";
import { trim } from "./trim.ts";
import { vacuumSooner } from "./vacuum.ts";
import { versions } from "./versions.ts";

/**
 * The schema as numbered steps, forward only, each in a transaction of its own. A step that has been released is frozen: a
 * later change is a new step, and one that nodes of the version before can live with, since they run beside the new ones.
 *
 * A function that is to do something else for new nodes only comes as a new one, under the next number in its name, and the old one
 * stays until no such node can be left. One that has to change for all of them at once, since the tables below it do, is
 * replaced under its name, with the same arguments and the same answer. What a node sends as a statement of its own has to go on working
 * beside it.
 */
export const migrations: readonly string[] = [
  tables + append + claim + settle + trim,
  declareBounds,
  checkBounds,
  partitionedTables + messageSlots + attemptRanges + appendBySlot + claimBySlot + settleByRange + trimBySlot,
  pull,
  vacuumSooner,
  versions,
];
