import { Type, type TSchema } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { TimeMs } from "../domain/model.ts";
import { timeForms, unixMsFault } from "./position.ts";
import { about, describedShape, nullable, pageName } from "./schema-parts.ts";
import { valueFault } from "./shape-check.ts";
import { parseTime, timeFault } from "./time-text.ts";
import type { StatusRange, TimeRange } from "../store/record-filters.ts";

/** The parameters of lists that search. All of them must hold. */

const timeText = (description: string) =>
  about(`${description} ${timeForms}`, Type.Optional(Type.String({ examples: ["2026-01-31T08:00:00Z"] })));

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
  const range = {
    ...(from !== undefined && { fromMs: timeOf("from", from) }),
    ...(to !== undefined && { toMs: timeOf("to", to) }),
  };
  const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range;
  if (toMs < fromMs) throw RingbackError.at("invalid_request", "to", "must not lie before `from`");
  return range;
}

function timeOf(name: string, text: string): TimeMs {
  const isNumber = /^\d{1,15}$/.test(text);
  const ms = isNumber ? Number(text) : parseTime(text);
  if (ms === null) throw RingbackError.at("invalid_request", name, timeFault);
  if (isNumber && (ms < limits.timeMsMin || ms > limits.timeMsMax)) {
    throw RingbackError.at("invalid_request", name, unixMsFault);
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
  return describedShape(pageName(item, "SearchPage"), description, {
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
