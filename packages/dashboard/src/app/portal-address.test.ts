import { expect, test } from "vitest";
import { portalOf } from "./portal-address.ts";

test("a portal link has an id and a token", () => {
  expect(portalOf("/ui/portal/AKIDz8", "#token=rbk_ab%2Bc")).toEqual({
    link: "AKIDz8",
    base: "/ui/portal/AKIDz8",
    token: "rbk_ab+c",
  });
});

test("a screen of the portal that is loaded again has no token", () => {
  const { base, token } = portalOf("/ui/portal/AKIDz8/ui/messages", "") ?? {};
  expect([base, token]).toEqual(["/ui/portal/AKIDz8", null]);
  expect(portalOf("/ui/portal/AKIDz8", "#token=")?.token).toBeNull();
});

test("other addresses are no portal", () => {
  for (const path of ["/", "/ui/portal/", "/ui/portal/a%2Fb", "/ui/portals/a", "/x/ui/portal/a"]) {
    expect(portalOf(path, "#token=a")).toBeNull();
  }
});
