import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { cmqErrorTable } from "../compat/cmq/errors.ts";
import { cmqReference } from "./cmq-reference.ts";

const folder = new URL("../compat/cmq/", import.meta.url);
const texts = readdirSync(folder)
  .filter((name) => /(?<!\.test)\.ts$/.test(name))
  .map((name) => ({ name, text: readFileSync(new URL(name, folder), "utf8") }));

it("lists the 25 actions of API 2.0 and every error code", () => {
  const page = cmqReference();
  const [api2 = ""] = page.split("## The newer form");
  expect(api2.match(/^\| `\w+` \| supported/gm)).toHaveLength(25);
  for (const { code, module } of Object.values(cmqErrorTable)) expect(page).toContain(`| ${code} | ${module} |`);
});

it.each(Object.entries<{ readonly unused?: string }>(cmqErrorTable))(
  "marks %s as used or unused",
  (key, { unused }) => {
    const uses = texts.reduce((count, { text }) => count + text.split(`"${key}"`).length - 1, 0);
    expect(uses > 0).toBe(unused === undefined);
  },
);
