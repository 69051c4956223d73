export interface ChangedMember {
  readonly name: string;
  /** As JSON; null: it was not there. */
  readonly before: string | null;
  readonly after: string | null;
}

type View = Readonly<Record<string, unknown>> | null;

/** The members that differ between two views, those of objects inside them by their path. */
export function changedMembers(before: View, after: View, prefix = ""): ChangedMember[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const [old, present] = [before?.[name], after?.[name]];
    const path = prefix + name;
    if (JSON.stringify(old) === JSON.stringify(present)) return [];
    if (isObject(old) && isObject(present)) return changedMembers(old, present, `${path}.`);
    return [{ name: path, before: textOf(old), after: textOf(present) }];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
