/** Real: a Chromium with the size of a phone, a server with data, receivers that misbehave. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests({ size: "phone" });
const { button, link } = stage;

it("reaches every screen by the menu, which closes behind a choice", async () => {
  const { page } = stage;
  await stage.visit.show("/");
  expect(await link("Dead letters").isVisible()).toBe(false);
  await button("Menu").click();
  await link("Dead letters").click();
  await stage.titled("Dead letters");
  expect(await link("Dead letters").isVisible()).toBe(false);
  expect(await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth")).toBe(false);
});

it("finds why an endpoint fails, and pauses it, with a thumb", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/subscriptions?topic=invoices");
  await link("crm").first().click();
  await stage.titled("crm");
  await page.getByText("The last attempt was answered with HTTP 503.").waitFor();
  await button("Pause").click();
  await page.getByText("Paused: nothing is sent").waitFor();
  expect(await api.ok("GET", "/v1/topics/invoices/subscriptions/crm")).toMatchObject({ state: "paused" });
});
