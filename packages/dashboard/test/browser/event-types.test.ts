/** Real: a Chromium, a server with data. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;

it("describes an event type, publishes its example, and deletes it", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/event-types");
  await link("New event type").click();
  await field("Name").fill("refund.made");
  await page.getByLabel(/^Description/).fill("Money went back.");
  await page.getByLabel(/^Example/).fill('{"refund": 17}');
  await button("Create").click();
  await stage.titled("refund.made");
  await stage.shows("Money went back.");
  await field("Topic").selectOption("invoices");
  await button("Publish").click();
  await page.getByText(/^Published: \d+$/).waitFor();
  const { items } = await api.ok<{ items: object[] }>("GET", "/v1/topics/invoices/messages?limit=1");
  expect(items).toMatchObject([{ type: "refund.made" }]);

  await stage.deleteByName("refund.made");
  await stage.titled("Event types");
  expect(await api.call("GET", "/v1/event-types/refund.made")).toMatchObject({ status: 404 });
});
