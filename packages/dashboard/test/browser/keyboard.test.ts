/** Real: a Chromium, a server with data, receivers that misbehave. The reader only clicks and types. */
import { expect, it } from "vitest";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();

it("does without a mouse: the palette, a form, a dialog", async () => {
  await stage.visit.show("/");
  await stage.page.keyboard.press("Control+k");
  await stage.page.getByRole("combobox", { name: /A screen/ }).waitFor();
  await stage.page.keyboard.type("Create a topic");
  await stage.page.keyboard.press("Enter");
  await stage.page.getByRole("heading", { name: "New topic", level: 1 }).waitFor();
  await tabTo("Name");
  await stage.page.keyboard.type("typed");
  await stage.page.keyboard.press("Enter");
  await stage.page.getByRole("heading", { name: "typed", level: 1 }).waitFor();
  await tabTo("Delete");
  await stage.page.keyboard.press("Enter");
  await stage.page.getByRole("dialog").waitFor();
  await stage.page.keyboard.press("Escape");
  await stage.page.getByRole("dialog").waitFor({ state: "detached" });
  // The reader is where the dialog was opened.
  expect(await focused()).toBe("Delete");
  await stage.page.keyboard.press("Enter");
  await tabTo("Type typed to confirm");
  await stage.page.keyboard.type("typed");
  await tabTo("Delete");
  await stage.page.keyboard.press("Enter");
  await stage.page.getByRole("heading", { name: "Topics", level: 1 }).waitFor();
  expect(await stage.api.call("GET", "/v1/topics/typed")).toMatchObject({ status: 404 });
});

/** Presses Tab until the control with this name has the keyboard. */
async function tabTo(name: string): Promise<void> {
  for (let presses = 0; presses < 80; presses++) {
    await stage.page.keyboard.press("Tab");
    if ((await focused()).startsWith(name)) return;
  }
  throw new Error(`Tab does not reach ${name}`);
}

function focused(): Promise<string> {
  return stage.page.evaluate<string>(
    "(document.activeElement?.labels?.[0] ?? document.activeElement)?.textContent?.trim() ?? ''",
  );
}

it("finds a subscription by a part of its name, and chooses with the arrows", async () => {
  const { page } = stage;
  await stage.visit.show("/");
  await openPalette();
  const options = page.getByRole("option");
  await page.keyboard.type("former");
  await options.filter({ hasText: "former-partner" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: /A screen/ }).waitFor({ state: "detached" });
  await openPalette();
  await page.keyboard.type("former");
  await options.filter({ hasText: "former-partner" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await stage.titled("former-partner");
});

it("finds a message by its id", async () => {
  const { page, scene } = stage;
  await stage.visit.show("/");
  await openPalette();
  await page.keyboard.type(scene.ids.message);
  await page.getByRole("option").filter({ hasText: scene.ids.message }).first().waitFor();
  await page.keyboard.press("Enter");
  await stage.titled(scene.ids.message);
});

/** Opens the palette, whose input then has the keyboard. */
async function openPalette(): Promise<void> {
  await stage.page.keyboard.press("Control+k");
  await expect.poll(() => focusedRole()).toBe("combobox");
}

function focusedRole(): Promise<string | null> {
  return stage.page.evaluate<string | null>("document.activeElement.getAttribute('role')");
}
