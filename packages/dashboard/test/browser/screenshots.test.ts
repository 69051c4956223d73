/**
 * Real: a Chromium, the present build of the page. Recorded: the answers of the API, so that every picture has the same
 * content each time. Compares every screen in both languages, both themes and both sizes with the kept pictures.
 */
import { existsSync, globSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { differenceFromKept, keptFolder } from "../screenshots/kept-pictures.ts";
import { addresses } from "../screen-addresses.ts";
import { operatorScreenName } from "../screenshots/recording.ts";
import { pictureNames, takePictures } from "../screenshots/take-pictures.ts";

// A checkout without the pictures has nothing to compare: `npm run dashboard:screenshots` makes them.
describe.skipIf(!existsSync(keptFolder))("the screens", () => {
  it("look as they do in the kept pictures", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ringback-screenshots-"));
    const differences: string[] = [];
    for await (const picture of takePictures()) {
      const difference = differenceFromKept(picture, folder);
      if (difference !== null) differences.push(difference);
    }
    expect(differences, `see ${folder}; \`npm run dashboard:screenshots\` keeps what is drawn now`).toEqual([]);
  });

  it("are the only kept pictures", () => {
    const kept = globSync("*/*.png", { cwd: keptFolder }).map((path) => path.replace(/\.png$/, ""));
    expect(kept.toSorted()).toEqual(pictureNames().toSorted());
  });
});

it("has a recording of every screen", () => {
  const recorded = pictureNames().filter((name) => name.startsWith("en-light-desktop/"));
  const screens = Object.keys(addresses).map((path) => `en-light-desktop/${operatorScreenName(path)}`);
  expect(recorded).toEqual(expect.arrayContaining(screens));
});
