/** A label by which a listing is filtered. Labels are in the member `labels` of settings and of entries' values. */
export interface Label {
  readonly name: string;
  readonly value: string;
}

export function hasLabel(labelled: unknown, { name, value }: Label): boolean {
  const labels = memberOf(labelled, "labels");
  return memberOf(labels, name) === value;
}

/**
 * A text that the JSON of every value with the label contains. JSON of a value without the label can contain it, too.
 */
export function labelText({ name, value }: Label): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value)}`;
}

function memberOf(object: unknown, name: string): unknown {
  if (typeof object !== "object" || object === null || !Object.hasOwn(object, name)) return undefined;
  return (object as Record<string, unknown>)[name];
}
