import { closedLoop } from "../load/closed-loop.ts";
import { openLoop } from "../load/open-loop.ts";

/** The load generator: sends one request over and over. */
export function start() {
  return { closedLoop, openLoop };
}
