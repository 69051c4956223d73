/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;

it("creates a topic, publishes to it, and shows what became of the message", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/topics");
  await link("New topic").click();
  await button("Create").click();
  await stage.shows("Must be set.");
  await field("Name").fill("orders");
  await button("Create").click();
  await stage.titled("orders");
  await stage.shows("Nobody gets these messages yet");

  await field("Type").fill("order.paid");
  await field("Tags").fill("eu, urgent");
  await field("Attributes, one per line: name=value").fill("tenant=acme");
  await field("Body").fill("{");
  await stage.shows("The body is not JSON. Mend it, or send it as text.");
  await field("Body").fill('{"amount": 4200}');
  await button("Publish").click();
  await page.getByRole("link", { name: /^See message/ }).click();
  await page.getByRole("heading", { name: /^\d+$/, level: 1 }).waitFor();
  await stage.shows("No subscription was there for this message");
  const { items } = await api.ok<{ items: object[] }>("GET", "/v1/topics/orders/messages");
  expect(items).toMatchObject([{ type: "order.paid", tags: ["eu", "urgent"], attributes: { tenant: "acme" } }]);

  await button("Publish again").click();
  await page.getByRole("dialog").getByRole("button", { name: "Publish" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  const again = await api.ok<{ items: object[] }>("GET", "/v1/topics/orders/messages");
  expect(again.items).toHaveLength(2);
});

it("deletes a topic only when its name is typed", async () => {
  const { api } = stage;
  await api.putTopic("obsolete");
  await stage.visit.show("/ui/topics/obsolete");
  await stage.deleteByName("obsolete");
  await stage.titled("Topics");
  expect(await api.call("GET", "/v1/topics/obsolete")).toMatchObject({ status: 404 });
});
