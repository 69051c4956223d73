/** Real: a Chromium, a server with data, a program that is called and answers with files. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;

it("calls a hook, which lets one payment pass and vetoes another", async () => {
  const { page } = stage;
  await stage.visit.show("/ui/hooks/risk-check");
  await button("Call now").click();
  const call = page.getByRole("region", { name: "Call it" });
  await call.getByText("continue", { exact: true }).waitFor();
  await page.getByText(/"checkedBy": "risk"/).waitFor();
  await field("Payload").fill('{"payment": {"amount": 25000}}');
  await button("Call now").click();
  await call.getByText("reject", { exact: true }).waitFor();
  await stage.shows("above the limit of 10,000");
});

it("saves an attachment under a name without a path, as bytes that no browser shows", async () => {
  const { page, api } = stage;
  await api.ok("PUT", "/v1/hooks/files", {
    json: { urls: [`${stage.scene.receiverUrl}/files`], protocol: "json", onError: "reject" },
  });
  await stage.visit.show("/ui/hooks/files");
  await button("Call now").click();
  const save = page.getByRole("link", { name: /^Save / });
  await save.first().waitFor();
  expect(await save.first().getAttribute("href")).toMatch(/^data:application\/octet-stream;base64,/);
  const download = page.waitForEvent("download");
  await save.first().click();
  const saved = await download;
  expect(saved.suggestedFilename()).not.toMatch(/[/\\<>]/);
  expect(readFileSync(await saved.path(), "utf8")).toContain("window.hacked");
  expect(await page.evaluate("window.hacked")).toBeUndefined();
});

it("creates a hook and deletes it", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/hooks");
  await link("New hook").click();
  await field("Name").fill("fraud");
  await page.getByLabel(/^URLs/).fill(`${stage.scene.receiverUrl}/hook`);
  await page.getByLabel(/^Protocol/).selectOption("json");
  await button("Create").click();
  await stage.titled("fraud");
  expect(await api.ok("GET", "/v1/hooks/fraud")).toMatchObject({ protocol: "json" });
  await stage.deleteByName("fraud");
  await stage.titled("Hooks");
  expect(await api.call("GET", "/v1/hooks/fraud")).toMatchObject({ status: 404 });
});
