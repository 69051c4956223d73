import { bytes, count } from "../format/numbers.ts";
import { duration } from "../format/time.ts";
import type { Text } from "../language/text.ts";
import type { Property } from "./schema.ts";
import { isSettings } from "./values.ts";

/** The effect of a setting and its default, in the reader's language. */
export function helpOf(property: Property, text: Text): string | undefined {
  const key = `field.${property.shape}`;
  const translated = text.named(key, property.name);
  const description = translated === property.name ? property.description : translated;
  const preset = defaultSentence(property, text);
  const help = [description, preset].filter((part) => part !== "").join(" ");
  return help === "" ? undefined : help;
}

function defaultSentence(property: Property, text: Text): string {
  const { default: value } = property;
  if (property.isRequired || value === undefined || value === "") return "";
  if (value === null) return text("forms.defaultNone");
  if (typeof value === "object") return "";
  return text("forms.default", { value: shownValue(property.name, value, text) });
}

/** A value with its unit: `604800000 (7 d)`. */
export function shownValue(name: string, value: unknown, text: Text): string {
  if (value === null || value === undefined) return text("common.none");
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return text(value ? "common.yes" : "common.no");
  const withUnit = unitText(name, value, text);
  return withUnit === null ? JSON.stringify(value) : `${JSON.stringify(value)} (${withUnit})`;
}

/** The value as people write it, by the unit in the setting's name; null: it has no unit. */
export function unitText(name: string, value: unknown, text: Text): string | null {
  if (Array.isArray(value)) {
    const parts = value.map((item) => unitText(name, item, text));
    return parts.length === 0 || parts.includes(null) ? null : parts.join(", ");
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  if (/Ms(?:Max)?$/.test(name)) return value === 0 ? "0 ms" : duration(value);
  if (/bytes/i.test(name)) return bytes(value, text.language);
  return name.endsWith("Max") && value >= 10_000 ? count(value, text.language) : null;
}

const summaryCharsMax = 80;

/** The settings of a group, in one line. */
export function summaryOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const set = isSettings(value) ? Object.entries(value).filter(([, member]) => !isEmpty(member)) : [];
  const json = (
    isSettings(value)
      ? set.map(([name, member]) => `${name}: ${JSON.stringify(member)}`).join(", ")
      : JSON.stringify(value)
  ).replaceAll('"', "");
  return json.length > summaryCharsMax ? `${json.slice(0, summaryCharsMax)}…` : json;
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || JSON.stringify(value) === "[]" || JSON.stringify(value) === "{}";
}
