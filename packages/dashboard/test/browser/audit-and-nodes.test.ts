/** Real: a Chromium, a server with data. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { field } = stage;

it("shows who changed what, with the values before and after", async () => {
  const { page, api } = stage;
  await api.ok("PATCH", "/v1/topics/builds", {
    body: JSON.stringify({ description: "new words" }),
    headers: { "content-type": "application/merge-patch+json" },
  });
  await stage.visit.show("/ui/audit");
  await field("What").fill("topics/builds");
  await field("Change").fill("patchTopic");
  const rows = page.getByRole("table").getByRole("row").filter({ hasText: "topics/builds" });
  await expect.poll(() => rows.count()).toBe(1);
  await rows.getByRole("button", { name: "See" }).click();
  const change = page.getByRole("dialog").getByRole("row").filter({ hasText: "description" });
  await change.getByText('"Continuous integration"').waitFor();
  await change.getByText('"new words"').waitFor();
  const { items } = await api.ok<{ items: object[] }>("GET", "/v1/audit?limit=1");
  expect(items).toMatchObject([{ action: "patchTopic", target: "topics/builds" }]);
});

it("shows the node that answers", async () => {
  const { page, api } = stage;
  const { items } = await api.ok<{ items: { name: string; version: string }[] }>("GET", "/v1/nodes");
  await stage.visit.show("/ui/nodes");
  const row = page.getByRole("row").filter({ hasText: items[0]?.name ?? "" });
  await row.getByText(items[0]?.version ?? "", { exact: true }).waitFor();
  expect(items).toHaveLength(1);
});
