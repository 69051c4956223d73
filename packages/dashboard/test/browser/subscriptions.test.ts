/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;
const invoices = "/v1/topics/invoices/subscriptions";

it("adds an endpoint, shows its secret once, and tests it", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/topics/builds");
  await link("New subscription").click();
  await field("Name").fill("deploys");
  await page.getByLabel(/^URL/).fill(`${stage.scene.receiverUrl}/broken`);
  await button("Create").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(/^whsec_/).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await stage.titled("deploys");
  await button("Test").click();
  await dialog.getByRole("button", { name: "Send" }).click();
  await dialog.getByText("Reply 503").first().waitFor();
  await dialog
    .getByText(/database is down/)
    .first()
    .waitFor();
  expect(await page.getByText(/^whsec_/).count()).toBe(0);
  const made = await api.ok("GET", "/v1/topics/builds/subscriptions/deploys");
  expect(made).toMatchObject({ push: { protocol: "standard-webhooks" }, counts: { deadLetters: 0 } });
});

it("pauses and resumes several subscriptions at once", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/subscriptions?topic=invoices");
  await page.getByLabel("Choose accounting").check();
  await page.getByLabel("Choose mobile").check();
  await stage.shows("2 chosen");
  await button("Pause").click();
  await stage.shows("2 subscriptions are paused");
  for (const name of ["accounting", "mobile"]) {
    expect(await api.ok("GET", `${invoices}/${name}`)).toMatchObject({ state: "paused" });
  }
  await page.getByLabel("Choose accounting").check();
  await button("Resume").click();
  await stage.shows("1 subscription is active");
  expect(await api.ok("GET", `${invoices}/accounting`)).toMatchObject({ state: "active" });
  expect(await api.ok("GET", `${invoices}/mobile`)).toMatchObject({ state: "paused" });
});

it("says why an endpoint is disabled, and resumes it", async () => {
  const { api } = stage;
  await stage.visit.show("/ui/topics/invoices/subscriptions/former-partner");
  await stage.shows("The endpoint answered 410 Gone, which says that it is gone for good.");
  await api.ok("PATCH", `${invoices}/former-partner`, {
    body: JSON.stringify({ push: { url: `${stage.scene.receiverUrl}/fine` } }),
    headers: { "content-type": "application/merge-patch+json" },
  });
  await button("Resume").click();
  await stage.shows("healthy");
  await expect.poll(() => api.counts("invoices", "former-partner")).toMatchObject({ backlog: 0, parked: 0 });
});

it("pulls messages as a receiver would, and acknowledges them", async () => {
  const { page, api } = stage;
  const before = await api.counts("invoices", "warehouse");
  await stage.visit.show("/ui/topics/invoices/subscriptions/warehouse");
  await button("Pull now").click();
  await stage.shows("5 messages pulled");
  await page.getByRole("article").first().getByRole("button", { name: "Acknowledge" }).click();
  await stage.shows("1 message is acknowledged");
  await button("Put all back").click();
  await stage.shows("4 messages are back");
  const { backlog, parked } = await api.counts("invoices", "warehouse");
  expect(backlog + parked).toBe(before.backlog + before.parked - 1);
});

it("deletes a subscription", async () => {
  const { api } = stage;
  await api.subscribe("builds", "obsolete", { pull: {} });
  await stage.visit.show("/ui/topics/builds/subscriptions/obsolete");
  await stage.deleteByName("obsolete");
  await stage.titled("builds");
  expect(await api.call("GET", "/v1/topics/builds/subscriptions/obsolete")).toMatchObject({ status: 404 });
});
