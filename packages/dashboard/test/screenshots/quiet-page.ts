import type { Page, Request } from "playwright-core";
import { until } from "../../../server/test/harness/until.ts";
import { isEventStream } from "./recording.ts";

/** Resolves when the page loads nothing, and has drawn what it has loaded. */
export type Quiet = () => Promise<void>;

/** Follows the requests of a page that is still empty. */
export function quietOf(page: Page): Quiet {
  const open = new Set<Request>();
  let started = 0;
  page.on("request", (request) => {
    if (isEventStream(new URL(request.url()).pathname)) return;
    started++;
    open.add(request);
  });
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
  return async () => {
    await until(
      "the page is quiet",
      async () => {
        const before = started;
        await page.evaluate(twoFrames);
        return open.size === 0 && started === before && (await page.evaluate<boolean>(areChartsDrawn));
      },
      (isQuiet) => isQuiet,
    );
  };
}

/** Returns the same picture twice in a row, so that nothing is still moving. */
export async function steadyPicture(page: Page): Promise<Buffer> {
  const take = (): Promise<Buffer> => page.screenshot({ animations: "disabled", caret: "hide" });
  let before = await take();
  return until("two pictures are the same", take, (picture) => {
    const isSame = picture.equals(before);
    before = picture;
    return isSame;
  });
}

/** The code of charts is loaded behind the screen's own. */
const areChartsDrawn = "[...document.querySelectorAll('figure')].every((chart) => chart.querySelector('canvas'))";
const twoFrames = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => drawn(null))))";
