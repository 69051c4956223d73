import { expectControlled } from "../testing/expect-controlled.ts";

/** The slow suite runs 10,000 seeds. */
expectControlled(12);
