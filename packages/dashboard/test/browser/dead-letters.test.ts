/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field } = stage;

it("shows why an endpoint gets nothing, from the list of subscriptions to the reply", async () => {
  await stage.visit.show("/");
  await stage.link("Subscriptions").click();
  await stage.link("crm").first().click();
  const messages = stage.page.getByRole("group", { name: "Attempts" }).getByRole("link", { name: /^\d{15,}$/ });
  await messages.first().click();
  await stage.page.getByText("database is down").first().waitFor();
});

it("redrives a dead letter after a look at it", async () => {
  const { page, api } = stage;
  await stage.visit.show("/");
  await stage.link("Dead letters").click();
  expect(await field("Subscription").getAttribute("placeholder")).toBe("Choose a topic first");
  await field("Topic").fill("builds");
  await field("Subscription").fill("chat");
  await page.getByRole("table").getByText("422").waitFor();
  expect(await button("Inspect").count()).toBe(1);
  await button("Inspect").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("All retries failed").waitFor();
  // The endpoint is mended meanwhile.
  await api.ok("PATCH", "/v1/topics/builds/subscriptions/chat", {
    body: JSON.stringify({ push: { url: `${stage.scene.receiverUrl}/fine` } }),
    headers: { "content-type": "application/merge-patch+json" },
  });
  await dialog.getByRole("button", { name: "Redrive 1" }).click();
  await stage.shows("1 dead letter is on its way again.");
  await stage.shows("No dead letter matches");
  expect(await api.counts("builds", "chat")).toMatchObject({ deadLetters: 0 });
});

it("redrives all that match, counted first", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/dead-letters");
  const matching = button("Redrive all that match");
  expect(await matching.getAttribute("title")).toBe("Filter by one topic and one subscription first");
  await field("Topic").fill("hostile");
  await field("Subscription").fill("page");
  await field("HTTP status").fill("4xx");
  await matching.click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Count first" }).click();
  await dialog.getByText(/1 message match/).waitFor();
  await dialog.getByRole("button", { name: "Redrive 1" }).click();
  await stage.titled("Replay");
  await page.getByText("done", { exact: true }).first().waitFor();
  const { items } = await api.ok<{ items: object[] }>("GET", "/v1/replays?limit=1");
  expect(items).toMatchObject([{ topic: "hostile", subscription: "page", state: "done" }]);
});

it("deletes chosen dead letters after asking", async () => {
  const { page, api } = stage;
  const deadMessages = async (): Promise<string[]> =>
    (await api.deadLetters("invoices", "crm")).items.map(({ message }) => message.id);
  const [chosen = ""] = await deadMessages();
  await stage.visit.show("/ui/dead-letters?topic=invoices&subscription=crm");
  await page.getByLabel(`Choose message ${chosen}`).check();
  await button("Delete 1").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await stage.shows("1 dead letter is deleted.");
  expect(await deadMessages()).not.toContain(chosen);
});
