/** Real: a Chromium, a server with data. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;

interface Inbox {
  readonly waiting: number;
  readonly receivePath: string;
}

it("shows each message that arrives while the reader watches", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/inboxes/support");
  await stage.shows("2 messages wait");
  await button("Start watching").click();
  await page.getByText(/Where is my order/).waitFor();
  await page.getByText("plain text").first().waitFor();
  await page.getByRole("textbox", { name: "Body" }).fill('{"hello": "inbox"}');
  await button("Send").click();
  await page
    .getByRole("article")
    .getByText(/"inbox"/)
    .waitFor();
  await button("Stop").click();
  expect(await page.getByRole("article").count()).toBe(3);
  expect(await api.ok<Inbox>("GET", "/v1/inboxes/support")).toMatchObject({ waiting: 0 });
});

it("creates an inbox, replaces its address, and deletes it", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/inboxes");
  await link("New inbox").click();
  await field("Name").fill("returns");
  await button("Create").click();
  await stage.titled("returns");
  const before = await api.ok<Inbox>("GET", "/v1/inboxes/returns");
  await page.getByText(before.receivePath).first().waitFor();
  await button("Replace the URL").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Replace the URL" }).click();
  await stage.shows("The URL is replaced.");
  const after = await api.ok<Inbox>("GET", "/v1/inboxes/returns");
  expect(after.receivePath).not.toBe(before.receivePath);
  await page.getByText(after.receivePath).first().waitFor();
  expect(await api.call("POST", before.receivePath, { json: {} })).toMatchObject({ status: 404 });

  await stage.deleteByName("returns");
  await stage.titled("Inboxes");
  expect(await api.call("GET", "/v1/inboxes/returns")).toMatchObject({ status: 404 });
});
