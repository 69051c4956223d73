import { closedLoop } from "../load/closed-loop.ts";
import { openLoop } from "../load/open-loop.ts";

/** The load generator sends the same request repeatedly. */
export function start() {
  return { closedLoop, openLoop };
}
