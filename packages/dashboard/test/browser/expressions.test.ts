/** Real: a Chromium, a server with data. The reader only clicks and types. */
import { it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { field } = stage;

it("judges a filter while it is typed, and points to a fault", async () => {
  const { page } = stage;
  await stage.visit.show("/ui/expressions");
  await stage.shows("The message matches.");
  await field("CEL").fill("data.amount > 1000");
  await stage.shows("The message does not match.");
  await field("CEL").fill("data.amount >");
  await page.getByText(/^Line 1, column \d+$/).waitFor();
  await field("CEL").fill("data.amount > 100");
  await field("Message as JSON").fill("{");
  await stage.shows("The message is not JSON.");
});

it("transforms a real message", async () => {
  const { page, scene } = stage;
  await stage.visit.show("/ui/expressions?use=transform");
  await page.getByText(/"cents": 25000/).waitFor();
  await field("Id of a real message").fill(scene.ids.message);
  await field("CEL").fill('{"invoice": data.data.id}');
  await page.getByText(/"invoice": "in_1039"/).waitFor();
});
