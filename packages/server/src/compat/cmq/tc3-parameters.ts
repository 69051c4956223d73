import { limits } from "../../domain/limits.ts";
import { CmqError } from "./errors.ts";
import { Parameters } from "./parameters.ts";

/** Members of the newer API that have another name in the older one, after their first letter has become small. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["msgContent", "msgBody"],
  ["filterTags", "filterTag"],
]);

/**
 * A request's JSON as the parameters of API 2.0: `TopicName` is `topicName`, `FilterTag: ["a"]` is `filterTag.0`. What is
 * nested deeper is of no action here and left out; so are nulls.
 */
export function parametersOfJson(value: unknown): Parameters {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CmqError("unreadable", "the request must be a JSON object");
  }
  const values = new Map<string, string>();
  for (const [member, given] of Object.entries(value)) {
    const small = member.charAt(0).toLowerCase() + member.slice(1);
    const name = renamed.get(small) ?? small;
    if (Array.isArray(given)) {
      for (const [index, item] of given.entries()) set(values, `${name}.${index}`, scalar(item));
    } else {
      set(values, name, scalar(given));
    }
  }
  // "Tags, or one routing key", in one member.
  const first = values.get("msgTag.0");
  if (first !== undefined && !values.has("routingKey")) values.set("routingKey", first);
  return new Parameters(values);
}

function set(values: Map<string, string>, name: string, value: string | null): void {
  if (value === null) return;
  if (values.has(name)) throw new CmqError("repeatedParameter");
  if (values.size >= limits.cmqParametersMax) {
    throw new CmqError("unreadable", `the request holds more than ${limits.cmqParametersMax} parameters`);
  }
  values.set(name, value);
}

function scalar(value: unknown): string | null {
  if (typeof value === "string") {
    // It could be kept by bending it only.
    if (!value.isWellFormed()) throw new CmqError("unreadable", "a text holds half a surrogate pair");
    return value;
  }
  if (typeof value === "number") return String(value);
  return typeof value === "boolean" ? (value ? "1" : "0") : null;
}
