import { isEqual, isSettings, type Settings } from "./values.ts";

/** The JSON merge patch (RFC 7396) that makes `after` from `before`; empty: there is no difference. */
export function mergePatch(before: Settings, after: Settings): Settings {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [member(before, name), member(after, name)];
    // A setting that is left out has the value null in a patch, so the two cannot differ.
    if (isEqual(was ?? null, is ?? null)) continue;
    if (isSettings(was) && isSettings(is)) patch[name] = mergePatch(was, is);
    else patch[name] = is ?? null;
  }
  return patch;
}

export interface Change {
  readonly path: readonly string[];
  readonly was: unknown;
  readonly yours: unknown;
  readonly theirs: unknown;
  /** The writer who has changed the setting. `both`: to different values. */
  readonly by: "you" | "them" | "both";
}

/** The changes of two writers since they have read the same settings. Equal changes of both are left out. */
export function changesOf(was: Settings, yours: Settings, theirs: Settings): readonly Change[] {
  return differences([], was, yours, theirs);
}

function differences(path: readonly string[], was: unknown, yours: unknown, theirs: unknown): readonly Change[] {
  if (isEqual(yours ?? null, theirs ?? null)) return [];
  if (isSettings(was) && isSettings(yours) && isSettings(theirs)) {
    const names = new Set([was, yours, theirs].flatMap((settings) => Object.keys(settings)));
    return [...names].flatMap((name) =>
      differences([...path, name], member(was, name), member(yours, name), member(theirs, name)),
    );
  }
  const changedByYou = !isEqual(was ?? null, yours ?? null);
  const changedByThem = !isEqual(was ?? null, theirs ?? null);
  return [{ path, was, yours, theirs, by: changedByYou && changedByThem ? "both" : changedByYou ? "you" : "them" }];
}

/** The newest settings with the reader's own changes, except those for which the others' value is kept. */
export function mergedSettings(
  changes: readonly Change[],
  theirs: Settings,
  keepsTheirs: (change: Change) => boolean,
): Settings {
  return changes
    .filter((change) => change.by !== "them" && !keepsTheirs(change))
    .reduce<Settings>((settings, { path, yours }) => withValueAt(settings, path, yours), theirs);
}

function withValueAt(settings: Settings, path: readonly string[], value: unknown): Settings {
  const [name, ...rest] = path;
  if (name === undefined) return isSettings(value) ? value : settings;
  if (rest.length === 0) {
    const { [name]: _before, ...others } = settings;
    return value === undefined ? others : { ...others, [name]: value };
  }
  const inner = member(settings, name);
  return { ...settings, [name]: withValueAt(isSettings(inner) ? inner : {}, rest, value) };
}

function member(settings: Settings, name: string): unknown {
  return Object.hasOwn(settings, name) ? settings[name] : undefined;
}
