import { CmqError } from "./errors.ts";
import { assertParameterName } from "./form.ts";
import { Parameters } from "./parameters.ts";
import { cmqLimits } from "./cmq-limits.ts";

/** Maps names of the newer API to names of API 2.0, where the two differ in more than the case of the first letter. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["MsgContent", "msgBody"],
  ["FilterTags", "filterTag"],
]);

/**
 * Converts a request's JSON to the parameters of API 2.0: `TopicName` becomes `topicName`, `FilterTag: ["a"]` becomes
 * `filterTag.0`. Nested objects and nulls are ignored, because no action reads them.
 */
export function parametersOfJson(value: unknown): Parameters {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CmqError("unreadable", "the request must be a JSON object");
  }
  const values = new Map<string, string>();
  for (const [member, given] of Object.entries(value)) {
    assertParameterName(member);
    const name = api2NameOf(member);
    if (Array.isArray(given)) {
      for (const [index, item] of given.entries()) set(values, `${name}.${index}`, scalar(item));
    } else {
      set(values, name, scalar(given));
    }
  }
  return withRoutingKey(values);
}

/** Converts the parameters of a query or form to those of API 2.0: `FilterTag.0` becomes `filterTag.0`. */
export function parametersOfForm(form: ReadonlyMap<string, string>): Parameters {
  const values = new Map<string, string>();
  for (const [path, value] of form) {
    const [member = "", ...index] = path.split(".");
    set(values, [api2NameOf(member), ...index].join("."), value);
  }
  return withRoutingKey(values);
}

/** Returns the newer API's name of a parameter of API 2.0, as the message of an error gives it. */
export function tc3NameOf(api2Name: string): string {
  const [name = ""] = api2Name.split(".");
  if (name === "msgBody") return "MsgContent";
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function api2NameOf(member: string): string {
  return renamed.get(member) ?? member.charAt(0).toLowerCase() + member.slice(1);
}

/** The newer API sends tags and the routing key in the same member. */
function withRoutingKey(values: Map<string, string>): Parameters {
  const first = values.get("msgTag.0");
  if (first !== undefined && !values.has("routingKey")) values.set("routingKey", first);
  return new Parameters(values);
}

function set(values: Map<string, string>, name: string, value: string | null): void {
  if (value === null) return;
  if (values.has(name)) throw new CmqError("repeatedParameter");
  if (values.size >= cmqLimits.parametersMax) {
    throw new CmqError("unreadable", `the request has more than ${cmqLimits.parametersMax} parameters`);
  }
  values.set(name, value);
}

function scalar(value: unknown): string | null {
  if (typeof value === "string") {
    // UTF-8 cannot represent half a surrogate pair, so storing such a text would change it.
    if (!value.isWellFormed()) throw new CmqError("unreadable", "a text contains half a surrogate pair");
    return value;
  }
  if (typeof value === "number") return String(value);
  return typeof value === "boolean" ? (value ? "1" : "0") : null;
}
