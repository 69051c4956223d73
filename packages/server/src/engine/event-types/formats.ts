import { fullFormats } from "ajv-formats/dist/formats.js";
import { eventTypeLimits } from "../../domain/event-type-limits.ts";
import { spend } from "./step-budget.ts";

/** The formats that are checked. Others are refused, because a schema that names one expects a check. */
export const formatNames = [
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uri",
  "uri-reference",
  "uuid",
  "json-pointer",
] as const;

export function isFormat(name: unknown): boolean {
  return formatNames.some((known) => known === name);
}

type Check = (text: string) => boolean;

/** The formats for ajv. */
export const formats: Readonly<Record<string, { type: "string"; validate: Check }>> = Object.fromEntries(
  formatNames.map((name) => {
    const check = checkOf(fullFormats[name]);
    const validate: Check = (text) => {
      if (text.length > eventTypeLimits.formatCharsMax) return false;
      spend(text.length);
      return check(text);
    };
    return [name, { type: "string", validate }];
  }),
);

function checkOf(format: (typeof fullFormats)[keyof typeof fullFormats]): Check {
  if (format instanceof RegExp) return (text) => format.test(text);
  if (typeof format === "function") return format;
  if (typeof format === "object" && "validate" in format) return checkOf(format.validate as RegExp | Check);
  throw new Error("a format is neither a regular expression nor a function");
}
