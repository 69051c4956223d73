import { Type, type Static } from "typebox";
import { limits } from "../domain/limits.ts";
import type { Seq, TimeMs } from "../domain/model.ts";
import { about, closedObject } from "./schema-parts.ts";
import { valueFault } from "./shape-check.ts";
import { parseTime } from "./time-text.ts";

/** Times, and positions in the log of a topic, as requests give them. */

/** Unix seconds and microseconds are refused, because they would silently mean a time in 1970 or in the far future. */
export const unixMsFault =
  "must be Unix milliseconds from the year 2000 to the year 9999; Unix seconds times 1000 are milliseconds";

const unixMs = Type.Integer({ minimum: limits.timeMsMin, maximum: limits.timeMsMax, [valueFault]: unixMsFault });

export const timeForms = "ISO 8601 with an offset or Z, or Unix milliseconds.";

export const timeOrMs = Type.Union([Type.String({ format: "date-time" }), unixMs], { description: timeForms });

/** The schema has checked that the text is a valid time. */
export function timeMs(time: Static<typeof timeOrMs>): TimeMs {
  return typeof time === "number" ? time : (parseTime(time) ?? 0);
}

/** The two forms of a position. `seq` and `at`: their descriptions. */
export const positionForms = (seq: string, at: string) =>
  [closedObject({ seq: about(seq, Type.Integer({ minimum: 1 })) }), closedObject({ at: about(at, timeOrMs) })] as const;

type PositionForm = Static<ReturnType<typeof positionForms>[number]>;

export function positionOf(position: PositionForm): { readonly seq: Seq } | { readonly atMs: TimeMs } {
  return "seq" in position ? position : { atMs: timeMs(position.at) };
}
