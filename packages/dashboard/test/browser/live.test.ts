/** Real: a Chromium, a server with data, receivers that misbehave. What happens is shown without a reload. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button } = stage;

it("shows each attempt as it happens, and holds still on request", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/topics/builds/subscriptions/chat");
  await stage.shows("Live");
  const attempts = page.getByRole("group", { name: "Attempts" });
  const first = await api.publish("builds", { body: { n: 1 } });
  await attempts.getByRole("link", { name: first.id }).waitFor();
  await button("Hold still").click();
  const second = await api.publish("builds", { body: { n: 2 } });
  await button("Go on: 1 newer").waitFor();
  expect(await attempts.getByRole("link", { name: second.id }).count()).toBe(0);
  await button("Go on: 1 newer").click();
  await attempts.getByRole("link", { name: second.id }).waitFor();
});

it("shows only attempts that the filter matches, also those that arrive", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/topics/builds/subscriptions/chat?verdict=accepted");
  await stage.shows("Live");
  await stage.shows("No attempt matches the filters");
  const { id } = await api.publish("builds", { body: { n: 3 } });
  await stage.field("Verdict").selectOption("");
  await page.getByRole("group", { name: "Attempts" }).getByRole("link", { name: id }).waitFor();
});

it("adds a message to its topic while the reader looks", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/topics/builds");
  await stage.shows("Live");
  const { id } = await api.publish("builds", { type: "build.started", body: {} });
  await page.getByRole("region", { name: "Latest messages" }).getByText(id).waitFor();
});
