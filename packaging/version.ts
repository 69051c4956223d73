/** Semantic Versioning 2.0.0 without build metadata, which npm ignores. */
const pattern = /^(?<core>\d+\.\d+\.\d+)(?:-(?<prerelease>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/;
const leadingZero = /^0\d+$/;

export function isVersion(text: string): boolean {
  if (!pattern.test(text)) return false;
  const { core, prerelease } = parts(text);
  return ![...core, ...prerelease].some((word) => leadingZero.test(word));
}

/** True if `a` comes after `b`. A version comes after its prereleases, which are compared word by word. */
export function isAfter(a: string, b: string): boolean {
  return compare(a, b) > 0;
}

function compare(a: string, b: string): number {
  const [coreA, coreB] = [parts(a), parts(b)];
  const order = compareWords(coreA.core, coreB.core);
  if (order !== 0) return order;
  if (coreA.prerelease.length === 0 || coreB.prerelease.length === 0) {
    return coreB.prerelease.length - coreA.prerelease.length;
  }
  return compareWords(coreA.prerelease, coreB.prerelease);
}

function parts(version: string): { core: readonly string[]; prerelease: readonly string[] } {
  const groups = pattern.exec(version)?.groups;
  if (groups === undefined) throw new Error(`${version} is no version`);
  return { core: groups["core"]?.split(".") ?? [], prerelease: groups["prerelease"]?.split(".") ?? [] };
}

function compareWords(a: readonly string[], b: readonly string[]): number {
  for (const [index, word] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (word === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(word), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber) return Number(word) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return word < other ? -1 : 1;
  }
  return a.length - b.length;
}
