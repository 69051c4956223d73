/** Values of a form. A setting that is left out has its default. */

export type Settings = Readonly<Record<string, unknown>>;

/** Text that is not a value yet, such as a number or JSON that is being typed. */
export class Unfinished {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return this.text;
  }
}

export function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Unfinished);
}

/** The settings with one of them changed. A value `undefined` is not sent, and keeps the kind of its group. */
export function withSetting(settings: Settings, name: string, value: unknown): Settings {
  return { ...settings, [name]: value };
}

/** True if nothing is set. */
export function isUntouched(settings: Settings): boolean {
  return Object.values(settings).every((value) => value === undefined);
}

/** The settings as they are sent: without empty lines of lists. */
export function sentSettings(settings: Settings): Settings {
  return sent(settings) as Settings;
}

function sent(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => item !== "").map(sent);
  if (!isSettings(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries.map(([name, member]) => [name, sent(member)]));
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  if (!isSettings(a) || !isSettings(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => Object.hasOwn(a, name) && Object.hasOwn(b, name) && isEqual(a[name], b[name]));
}
