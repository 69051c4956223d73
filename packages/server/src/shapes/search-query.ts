import { Type, type TSchema } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";
import { about, describedObject, nullable } from "./schema-parts.ts";
import { valueFault } from "./shape-check.ts";
import { parseTime, timeFault } from "./time-text.ts";
import type { StatusRange, TimeRange } from "../store/record-filters.ts";

/** Parameters of lists that search. All conditions of a search must be met. */

const timeText = (description: string) =>
  about(
    `${description} ISO 8601 with an offset or Z, or Unix milliseconds.`,
    Type.Optional(Type.String({ examples: ["2026-01-31T08:00:00Z"] })),
  );

/** `what`: for example "messages published". */
export const timeRangeParameters = (what: string) => ({
  from: timeText(`Only ${what} at or after this time.`),
  to: timeText(`Only ${what} before this time; not before \`from\`.`),
});

/** `whose`: for example "the last reply". */
export const statusParameter = (whose: string) =>
  Type.Optional(
    Type.String({
      description: `Only those with this HTTP status of ${whose}; a class is written as \`5xx\`.`,
      pattern: "^[1-9](?:[0-9]{2}|xx)$",
      [valueFault]: "must be an HTTP status such as 503, or a class of them such as 5xx",
      examples: ["5xx"],
    }),
  );

/** Reads the parameters `from` and `to`. Throws `invalid_request`. */
export function timeRangeOf({ from, to }: { readonly from?: string; readonly to?: string }): TimeRange {
  const range = { ...(from && { fromMs: timeOf("from", from) }), ...(to && { toMs: timeOf("to", to) }) };
  if (from === "") timeOf("from", from);
  if (to === "") timeOf("to", to);
  const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range;
  if (toMs < fromMs) throw RingbackError.at("invalid_request", "to", "must not be before `from`");
  return range;
}

function timeOf(name: string, text: string): TimeMs {
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : parseTime(text);
  if (ms === null) throw RingbackError.at("invalid_request", name, timeFault);
  // Unix seconds and microseconds would silently mean a time in 1970 or in the far future.
  if (/^\d+$/.test(text) && (ms < limits.timeMsMin || ms > limits.timeMsMax)) {
    const rule = "must be Unix milliseconds from the year 2000 to the year 9999";
    throw RingbackError.at("invalid_request", name, rule);
  }
  return ms;
}

/** Reads the value of `statusParameter`. */
export function statusRangeOf(status: string | undefined): StatusRange | undefined {
  if (status === undefined) return undefined;
  const isClass = status.endsWith("xx");
  const from = isClass ? Number(status[0]) * 100 : Number(status);
  return { from, to: isClass ? from + 99 : from };
}

/** A page of a list with filters that may match few records. */
export function searchPageOf<T extends TSchema>(item: T, description: string, examinedMax: number) {
  return describedObject(description, {
    items: Type.Array(item),
    next: about(
      `Pass it as \`after\` to get the next page; null on the last page. One request examines at most ${examinedMax} ` +
        "records, so a page with filters can be short or empty although `next` is not null.",
      nullable(Type.String()),
    ),
    examined: about("How many records were examined for this page.", Type.Integer({ minimum: 0 })),
  });
}

/** The name of a search for its cursors: a cursor is valid with the same filters only. */
export function searchName(list: string, filters: Readonly<Record<string, unknown>>): string {
  return `${list} ${JSON.stringify(filters, Object.keys(filters).toSorted())}`;
}
