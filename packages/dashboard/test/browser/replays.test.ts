/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, link } = stage;

it("counts the messages of a replay, starts it, and cancels it", async () => {
  await stage.visit.show("/ui/topics/invoices/subscriptions/accounting");
  await link("Replay…").click();
  const dialog = stage.page.getByRole("dialog");
  await dialog.getByLabel("Messages per second").fill("1");
  await dialog.getByRole("button", { name: "Count first" }).click();
  await dialog.getByText("40 messages match.").waitFor();
  await dialog.getByRole("button", { name: "Replay 40 messages" }).click();
  await stage.page.getByRole("heading", { name: "Replay", level: 1 }).waitFor();
  await stage.page.getByText("running").first().waitFor();
  await button("Cancel the replay").click();
  await dialog.getByRole("button", { name: "Cancel the replay" }).click();
  await stage.page.getByText("The replay is cancelled.").waitFor();
  await stage.page.getByText("cancelled", { exact: true }).first().waitFor();
  const { items } = await stage.api.ok<{ items: { state: string }[] }>("GET", "/v1/replays?limit=1");
  expect(items[0]?.state).toBe("cancelled");
});

it("pauses a replay, changes its rate, and goes on", async () => {
  const { page, api } = stage;
  const path = "/v1/topics/invoices/subscriptions/accounting/replays";
  const { id } = await api.ok<{ id: string }>("POST", path, { json: { from: "oldest", perSecond: 1 } });
  const state = async (): Promise<object> => api.ok("GET", `/v1/replays/${id}`);
  await stage.visit.show(`/ui/replays/${id}`);
  await button("Pause").click();
  await stage.shows("The replay is paused.");
  expect(await state()).toMatchObject({ state: "paused" });
  await page.getByRole("spinbutton", { name: "Messages per second" }).fill("500");
  await button("Set the rate").click();
  await stage.shows("The rate is changed.");
  await button("Go on").click();
  await page.getByText("done", { exact: true }).first().waitFor();
  expect(await state()).toMatchObject({ state: "done", perSecond: 500 });
});
