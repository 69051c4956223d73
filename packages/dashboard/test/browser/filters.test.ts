/** Real: a Chromium, a server with data. A filter is in the address, so that a link shows what its sender saw. */
import { expect, it } from "vitest";
import { startVisit } from "../visit.ts";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field } = stage;

it("keeps the filter of messages in the address, for a reload, another reader and the way back", async () => {
  const { page, visit, scene } = stage;
  await visit.show("/ui/messages");
  await field("Topic").selectOption("invoices");
  await field("Type").fill("invoice.payment_failed");
  await field("Attribute").fill("tenant:t-3");
  const rows = page.getByRole("table").getByRole("row").filter({ hasText: "invoice.payment_failed" });
  await expect.poll(() => rows.count()).toBe(4);
  const { search } = new URL(page.url());
  expect(Object.fromEntries(new URLSearchParams(search))).toEqual({
    topic: "invoices",
    type: "invoice.payment_failed",
    attribute: "tenant:t-3",
  });
  await page.reload();
  await expect.poll(() => rows.count()).toBe(4);

  await rows.first().getByRole("link").first().click();
  await page.getByRole("heading", { name: /^\d+$/, level: 1 }).waitFor();
  await page.goBack();
  await expect.poll(() => rows.count()).toBe(4);

  await using other = await startVisit(stage.browser, scene.server.url);
  await other.show(`/ui/messages${search}`);
  expect(await other.page.getByLabel("Type", { exact: true }).inputValue()).toBe("invoice.payment_failed");
  expect(other.faults).toEqual([]);
});

it("clears a filter that nothing matches", async () => {
  const { page } = stage;
  await stage.visit.show("/ui/subscriptions?name=nobody");
  await stage.shows("No subscription matches the filters");
  await button("Clear the filters").click();
  await page.getByRole("table").getByText("accounting").waitFor();
  expect(new URL(page.url()).search).toBe("");
});

it("finds subscriptions by state, health and label", async () => {
  const { page } = stage;
  await stage.visit.show("/ui/subscriptions");
  const names = (): Promise<string[]> => page.getByRole("table").getByRole("row").getByRole("link").allTextContents();
  await field("State").selectOption("paused");
  await expect.poll(names).toContain("paused");
  await expect.poll(names).not.toContain("accounting");
  await field("State").selectOption("");
  await field("Label").fill("customer=globex");
  await expect.poll(names).toContain("crm");
  await expect.poll(names).not.toContain("paused");
});
