/** Real: a Chromium, a server, and the server's own inbox as the receiver. Every dialect that can be published. */
import { expect, it } from "vitest";
import { dialects } from "../../src/screens/playground/dialects.ts";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field } = stage;

it.each(dialects)("publishes in the dialect %s, and shows how it arrives", async (dialect) => {
  const { page } = stage;
  await stage.visit.show("/ui/playground");
  await field("Dialect").selectOption(dialect);
  await page.waitForURL((url) => url.searchParams.get("dialect") === dialect);
  await field("Message").fill('{"type": "invoice.paid", "data": {"id": "in_of_this_test"}}');
  await button("Publish and watch it arrive").click();
  await page
    .getByRole("region", { name: "As it arrived" })
    .getByText(/content-type/i)
    .first()
    .waitFor();
  await page
    .getByRole("region", { name: "As it arrived" })
    .getByText(/in_of_this_test/)
    .first()
    .waitFor();
});

it("removes what it has made", async () => {
  const { api } = stage;
  await stage.visit.show("/ui/playground");
  await button("Publish and watch it arrive").click();
  await stage.shows("The signature is valid.");
  await button("Remove what the playground made").click();
  await stage.shows("The topic and the receivers of the playground are gone.");
  const { items } = await api.ok<{ items: { name: string }[] }>("GET", "/v1/topics");
  expect(items.filter(({ name }) => name.includes("playground"))).toEqual([]);
});
