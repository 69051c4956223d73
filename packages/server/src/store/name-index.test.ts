import { describe, expect, it } from "vitest";
import { isInternalName } from "../domain/internal-names.ts";
import { NameIndex } from "./name-index.ts";

const index = () => new NameIndex<string>((name) => !isInternalName(name));

function pages(names: NameIndex<string>, limit: number): string[][] {
  const seen: string[][] = [];
  let after: string | null = null;
  do {
    const page: { items: readonly string[]; next: string | null } = names.page({ after, limit }, (name) => name);
    seen.push([...page.items]);
    after = page.next;
  } while (after !== null);
  return seen;
}

describe("an index of names", () => {
  it("finds names that are not listed, and leaves them out of every page and of the count", () => {
    const names = index();
    for (const name of ["b", "inbox:a", "a", "c:", "c"]) names.set(name, name);
    expect(pages(names, 2)).toEqual([["a", "b"], ["c"]]);
    expect(pages(names, 3)).toEqual([["a", "b", "c"]]);
    expect([names.get("inbox:a"), names.size, names.listedCount]).toEqual(["inbox:a", 5, 3]);
  });

  it("counts a name once, however often it is set or deleted", () => {
    const names = index();
    for (const name of ["a", "a", "inbox:a", "inbox:a"]) names.set(name, name);
    expect(names.listedCount).toBe(1);
    for (const name of ["inbox:a", "a", "a", "nobody"]) names.delete(name);
    expect([names.listedCount, names.size, pages(names, 1)]).toEqual([0, 0, [[]]]);
  });
});
