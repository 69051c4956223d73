/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button } = stage;

it("shows the change of another writer, and saves what the reader chooses", async () => {
  const path = "/v1/topics/builds";
  await stage.visit.show("/ui/topics/builds/edit");
  await stage.page.getByLabel(/^Description/).fill("mine");
  const merge = { "content-type": "application/merge-patch+json" };
  const theirs = JSON.stringify({ description: "theirs", labels: { team: "infra" } });
  await stage.api.ok("PATCH", path, { body: theirs, headers: merge });
  await button("Save").click();
  await stage.page.getByText("Somebody else was faster").waitFor();
  const changes = stage.page.getByRole("group", { name: "Changes since you opened this form" });
  await changes.getByText('"mine"').waitFor();
  await changes.getByText('"theirs"').waitFor();
  expect(await stage.api.ok("GET", path)).toMatchObject({ description: "theirs" });
  await button("Go on with these").click();
  await button("Save").click();
  await stage.page.getByRole("heading", { name: "builds", level: 1, exact: true }).waitFor();
  await stage.page.getByText("Saved", { exact: true }).waitFor();
  expect(await stage.api.ok("GET", path)).toMatchObject({ description: "mine", labels: { team: "infra" } });
});

it("keeps the other writer's value where the reader chooses it", async () => {
  const { page, api } = stage;
  const path = "/v1/topics/invoices/subscriptions/accounting";
  await stage.visit.show("/ui/topics/invoices/subscriptions/accounting/edit");
  await page.getByLabel(/^Description/).fill("mine");
  await api.ok("PATCH", path, {
    body: JSON.stringify({ description: "theirs" }),
    headers: { "content-type": "application/merge-patch+json" },
  });
  await button("Save").click();
  const changes = page.getByRole("group", { name: "Changes since you opened this form" });
  await changes.getByRole("button", { name: "Theirs" }).click();
  expect(await changes.getByRole("button", { name: "Theirs" }).getAttribute("aria-pressed")).toBe("true");
  await button("Go on with these").click();
  expect(await page.getByLabel(/^Description/).inputValue()).toBe("theirs");
  expect(await api.ok("GET", path)).toMatchObject({ description: "theirs", labels: { customer: "acme" } });
});
