/** Real: a Chromium, a server in a process of its own that is killed and started again. */
import { expect, it } from "vitest";
import { temporaryFolder } from "../../../server/test/harness/folder.ts";
import { Server } from "../../../server/test/harness/server.ts";
import { startBrowser } from "../browser.ts";
import { startVisit } from "../visit.ts";

it("says that the server is away, and reads all again when the server is back", async () => {
  await using started = new AsyncDisposableStack();
  const { path: folder } = started.use(await temporaryFolder());
  const browser = await startBrowser();
  started.defer(() => browser.close());
  const first = started.use(await Server.start({ folder }));
  await first.api.putTopic("orders");
  await first.api.subscribe("orders", "endpoint", { pull: {} });
  await using visit = await startVisit(browser, first.url);
  const { page } = visit;
  await visit.show("/ui/topics/orders/subscriptions/endpoint");
  await page.getByText("Live", { exact: true }).waitFor();

  await first.kill();
  await page.getByText(/^Reconnecting in \d+ s$/).waitFor();
  // The data that was read stays on the page.
  await page.getByRole("heading", { name: "endpoint", level: 1 }).waitFor();

  const second = started.use(await Server.start({ folder, port: first.port }));
  await second.api.ok("POST", "/v1/topics/orders/subscriptions/endpoint/pause");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("Paused: nothing is sent").waitFor();
  expect(await page.getByText(/^Reconnecting/).count()).toBe(0);
});
