/** Real: a Chromium, a server with data. Keys, API keys, accounts, and the page of a customer. */
import { expect, it } from "vitest";
import { Api } from "../../../server/test/harness/api.ts";
import { stageOfTests } from "../stage.ts";

const stage = stageOfTests();
const { button, field, link } = stage;

interface Listed {
  readonly items: readonly { readonly id: string; readonly name: string }[];
}

it("makes a signing key, replaces it, and deletes it", async () => {
  const { page, api } = stage;
  const dialog = page.getByRole("dialog");
  await stage.visit.show("/ui/keys");
  await button("New key").click();
  await dialog.getByLabel("Name", { exact: true }).fill("shared");
  await dialog.getByRole("button", { name: "Create" }).click();
  const secret = dialog.getByText(/^whsec_/);
  await secret.waitFor();
  const first = await secret.textContent();
  await dialog.getByRole("button", { name: "Close" }).click();
  const row = page.getByRole("row").filter({ hasText: "shared" });
  await row.getByRole("button", { name: "Rotate" }).click();
  await dialog.getByRole("button", { name: "Rotate" }).click();
  await secret.waitFor();
  expect(await secret.textContent()).not.toBe(first);
  await dialog.getByRole("button", { name: "Close" }).click();
  await row.getByText("usable, the old one too").waitFor();
  await row.getByRole("button", { name: "Delete" }).click();
  await dialog.getByLabel("Type shared to confirm").fill("shared");
  await dialog.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
  expect(await api.call("GET", "/v1/keys/shared")).toMatchObject({ status: 404 });
});

it("makes an API key whose token is shown once, and revokes it", async () => {
  const { page, api } = stage;
  const dialog = page.getByRole("dialog");
  await stage.visit.show("/ui/api-keys");
  await button("New API key").click();
  await dialog.getByLabel("Name", { exact: true }).fill("deploy robot");
  await dialog.getByLabel("Role").selectOption("publish");
  await dialog.getByLabel("Topics").fill("builds*");
  await dialog.getByRole("button", { name: "Create" }).click();
  const shown = dialog.getByText(/^rbk_/);
  await shown.waitFor();
  const headers = { authorization: `Bearer ${await shown.textContent()}` };
  expect(await api.ok("GET", "/v1/session", { headers })).toMatchObject({ role: "publish", topics: ["builds*"] });
  await dialog.getByRole("button", { name: "Close" }).click();
  expect(await shown.count()).toBe(0);
  const row = page.getByRole("row").filter({ hasText: "deploy robot" });
  await row.getByRole("button", { name: "Revoke" }).click();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await stage.shows("deploy robot is revoked.");
  expect(await api.call("GET", "/v1/session", { headers })).toMatchObject({ status: 401 });
  const { items } = await api.ok<Listed>("GET", "/v1/api-keys");
  expect(items.map(({ name }) => name)).not.toContain("deploy robot");
});

it("creates an account, shows it instead of the default one, and goes back", async () => {
  const { page, api } = stage;
  await stage.visit.show("/ui/accounts");
  await link("New account").click();
  await field("Name").fill("initech");
  await button("Create").click();
  await stage.titled("initech");
  await page.getByRole("main").getByRole("button", { name: "Switch to initech" }).click();
  await stage.shows("This page now shows the account initech");
  await stage.shows("This server has no topics yet");
  await button("Account initech: switch").click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Account", { exact: true }).fill("defau");
  await dialog.getByRole("button", { name: "default" }).waitFor();
  await page.keyboard.press("Enter");
  await stage.shows("This page now shows the account default");
  await link("Topics").click();
  await link("invoices").waitFor();
  expect(await api.ok("GET", "/v1/accounts/initech")).toMatchObject({ state: "active" });
});

it("opens a customer's own page by a link, adds an endpoint there, and closes the page with the link", async () => {
  const { page, api, visit, scene } = stage;
  const dialog = page.getByRole("dialog");
  const account = { "ringback-account": "acme" };
  await api.ok("PUT", "/v1/topics/events", { json: {}, headers: account });
  await visit.show("/ui/accounts/acme");
  await button("Portal link…").click();
  await dialog.getByLabel("For whom").fill("anna@acme.example");
  await dialog.getByRole("button", { name: "Make the link" }).click();
  const url = dialog.getByText(/#token=/).first();
  await url.waitFor();
  const address = new URL((await url.textContent()) ?? "");
  await visit.show(address.pathname + address.hash);
  await stage.titled("Webhooks");
  expect(page.url()).not.toContain("token=");
  await button("Add endpoint").first().click();
  await dialog.getByLabel("URL", { exact: true }).fill(`${scene.receiverUrl}/fine`);
  await dialog.getByRole("button", { name: "Add" }).click();
  await dialog.getByText(/^whsec_/).waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  expect(await link("API keys").count()).toBe(0);
  const made = await new Api(scene.server.url).ok<Listed>("GET", "/v1/subscriptions", { headers: account });
  expect(made.items).toMatchObject([{ topic: "events", push: { url: `${scene.receiverUrl}/fine` } }]);

  const links = await api.ok<Listed>("GET", "/v1/portal-links", { headers: account });
  await api.ok("DELETE", `/v1/portal-links/${links.items[0]?.id}`, { headers: account });
  await page.getByRole("heading", { name: "This link is no longer valid" }).waitFor();
  expect(await page.getByLabel("Token of an API key").count()).toBe(0);
});
