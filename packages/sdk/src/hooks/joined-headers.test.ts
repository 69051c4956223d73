import { describe, expect, it } from "vitest";

import { withFirstValues } from "./joined-headers.ts";

describe("the first of several headers that were joined", () => {
  it.each([
    ["text/plain, text/plain", "text/plain"],
    ["text/plain; charset=utf-8, image/png", "text/plain; charset=utf-8"],
    ['text/plain; a="b, c\\", d", image/png', 'text/plain; a="b, c\\", d"'],
    ["text/plain,image/png", "text/plain,image/png"],
    ['text/plain; a="b, c', 'text/plain; a="b, c'],
    [", text/plain", ""],
  ])("of the type %j is %j", (joined, first) => {
    expect(withFirstValues({ "content-type": joined })).toEqual({ "content-type": first });
  });

  it.each([
    ["attachment; filename=a.txt, attachment; filename=b.txt", "attachment; filename=a.txt"],
    ['inline; filename="a, attachment; b", ATTACHMENT', 'inline; filename="a, attachment; b"'],
    ["inline, attachment, inline", "inline"],
    ["attachment; filename=one, two.txt", "attachment; filename=one, two.txt"],
    ["attachment; filename=one, inline two.txt", "attachment; filename=one, inline two.txt"],
  ])("of the disposition %j is %j", (joined, first) => {
    expect(withFirstValues({ "content-disposition": joined })).toEqual({ "content-disposition": first });
  });

  it("of any other header stays as it is", () => {
    const headers = { "x-a": "1, 2", "content-length": "2" };
    expect(withFirstValues({ ...headers })).toEqual(headers);
  });
});
