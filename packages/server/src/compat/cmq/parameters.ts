import { cmqLimits } from "./cmq-limits.ts";
import { CmqError, type CmqErrorKey, MissingParameterError } from "./errors.ts";
import { shown } from "./form.ts";

const integerForm = /^-?\d{1,16}$/;
const indexForm = /^(?:0|[1-9]\d{0,3})$/;

/** The parameters of a request. Each method throws CMQ's error for a wrong value. Unknown parameters are ignored. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Returns null if the parameter is missing or empty. */
  text(name: string): string | null {
    return this.#values.get(name) || null;
  }

  /** Returns the value, which may be empty. Throws if the parameter is missing. */
  required(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new MissingParameterError(name);
    return value;
  }

  /** Returns a name of this kind of resource. `parameter`: the parameter that holds the name. */
  resourceName(kind: keyof typeof nameFaults, parameter: string = kind): string {
    const value = this.required(parameter);
    assertResourceName(kind, value);
    return value;
  }

  /** Returns null if the parameter is missing or empty. */
  integer(name: string, min: number, max: number, beyond: CmqErrorKey = "outOfRange"): number | null {
    const value = this.anyInteger(name);
    if (value !== null && (value < min || value > max)) {
      throw new CmqError(beyond, `parameter ${name} must be from ${min} to ${max}`);
    }
    return value;
  }

  anyInteger(name: string): number | null {
    const text = this.#values.get(name);
    if (text === undefined || text === "") return null;
    if (!integerForm.test(text)) throw new CmqError("wrongType", `parameter ${name} must be a whole number`);
    return Number(text);
  }

  /** Returns one of `choices`, or null if the parameter is missing or empty. */
  choice<T extends string>(name: string, choices: readonly T[], otherwise: CmqErrorKey): T | null {
    const text = this.text(name);
    if (text === null) return null;
    const chosen = choices.find((choice) => choice === text);
    if (chosen === undefined) throw new CmqError(otherwise);
    return chosen;
  }

  /**
   * Returns the values of `name.0`, `name.1` …, in order. Indices may start at 0 or 1 and must have no gap. `name`
   * without an index is a list with one value. Returns null if the request contains none of these parameters.
   */
  list(name: string, max: number, tooMany: CmqErrorKey): readonly string[] | null {
    const prefix = `${name}.`;
    let count = 0;
    for (const key of this.#values.keys()) {
      if (!key.startsWith(prefix)) continue;
      if (!indexForm.test(key.slice(prefix.length))) throw new CmqError("keyFormat", `${shown(key)} has no index`);
      count++;
    }
    if (count === 0) {
      const alone = this.text(name);
      return alone === null ? null : [alone];
    }
    if (count > max) throw new CmqError(tooMany, `${name} has ${count} items; at most ${max} are allowed`);
    const first = this.#values.has(`${prefix}0`) ? 0 : 1;
    const items: string[] = [];
    for (let index = first; index < first + count; index++) {
      const value = this.#values.get(`${prefix}${index}`);
      if (value === undefined) throw new CmqError("notConsecutive", `the indices of ${name} must be consecutive`);
      items.push(value);
    }
    return items;
  }
}

const nameForm = /^[a-zA-Z][a-zA-Z\d_-]*$/;

const nameFaults = {
  topicName: "topicNameFormat",
  subscriptionName: "subscriptionNameFormat",
  queueName: "queueNameFormat",
} as const;

export function assertResourceName(parameter: keyof typeof nameFaults, value: string): void {
  if (value.length <= cmqLimits.nameCharsMax && nameForm.test(value)) return;
  const rule = "must begin with a letter and contain only letters, digits, - and _";
  throw new CmqError(nameFaults[parameter], `${parameter} ${rule}, at most ${cmqLimits.nameCharsMax} characters`);
}
