import { expectControlled } from "../testing/expect-controlled.ts";

expectControlled(10_000);
