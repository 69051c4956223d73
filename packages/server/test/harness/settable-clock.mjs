/**
 * Loaded into a server before its own code. Adds the number of milliseconds in the file TEST_CLOCK_FILE to the
 * machine's clock, as if somebody had set it. Timers and `performance.now` are not affected, like the real ones.
 */
import { readFileSync } from "node:fs";

const file = process.env["TEST_CLOCK_FILE"];
const realNow = Date.now;

if (file !== undefined) Date.now = () => realNow() + Number(readFileSync(file, "utf8") || 0);
