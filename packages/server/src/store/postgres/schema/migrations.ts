import { append } from "./append.ts";
import { claim } from "./claim.ts";
import { pull } from "./pull.ts";
import { settle } from "./settle.ts";
import { tables } from "./tables.ts";
import { trim } from "./trim.ts";

/**
 * The schema as numbered steps, forward only. A step that has been released is frozen: a later change is a new step, and
 * one that nodes of the version before can live with, since they run beside the new ones. A function that
 * changes comes as a new one under the next number in its name; the old one stays until no such node can be left.
 */
export const migrations: readonly string[] = [tables + append + claim + settle + trim, pull];
