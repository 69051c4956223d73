/**
 * Real: each template in a folder of its own, installed by npm from the packed packages, type-checked, started by `npm
 * start`, and used as its README says. Faked: the registry for our own packages, and the ports.
 */
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../../packages/server/test/harness/free-port.ts";
import { startReceiver } from "../../../packages/server/test/harness/receiver.ts";
import { until } from "../../../packages/server/test/harness/until.ts";
import { PostgresServer } from "../../../packages/server/src/store/postgres/testing/postgres-server.ts";
import { endTemplate, Templates } from "./template.ts";

let templates: Templates;

beforeAll(async () => {
  templates = await Templates.pack();
});
afterAll(() => templates[Symbol.asyncDispose]());

async function postJson(url: string, body: object): Promise<{ readonly status: number; readonly json: unknown }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, json: await response.json() };
}

const getText = async (url: string): Promise<string> => (await fetch(url)).text();

it("saas: a change and its event happen together, and the customer sees its own page in a frame", async () => {
  const database = await PostgresServer.start();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => database.stop());
  await database.query("CREATE DATABASE saas");
  const folder = await templates.install("saas");
  await using template = await templates.start(folder, { DATABASE_URL: database.url("saas") });
  const { url, ringback } = template;
  const submit = (path: string, fields: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(url + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  expect((await submit("/customers", { name: "ACME <b>" })).headers.get("location")).toBe("/customers/1");
  expect(await getText(`${url}/`)).toContain("ACME &lt;b&gt;");

  const frame = await getText(`${url}/customers/1/webhooks`);
  expect(frame).toContain("<iframe");
  const [, portal = ""] = /<iframe src="([^"]+)"/.exec(frame) ?? [];
  const page = await fetch(portal.replaceAll("&amp;", "&"));
  expect(page.status).toBe(200);
  expect(page.headers.get("content-security-policy")).toContain(
    `frame-ancestors http://localhost:${template.ports.PORT}`,
  );

  await using receiver = await startReceiver();
  const headers = { "ringback-account": "customer-1", "content-type": "application/json" };
  const body = JSON.stringify({ push: { url: receiver.url, protocol: "standard-webhooks" } });
  await fetch(`${ringback}/v1/topics/events/subscriptions/erp`, { method: "PUT", headers, body });
  await submit("/customers/1/invoices", { amount: "120" });
  await submit("/customers/1/invoices/1/pay");
  await submit("/customers/1/invoices/1/pay");
  await until(
    "both events arrive",
    () => receiver.arrivals.map(({ text }) => (JSON.parse(text) as { type: string }).type),
    (types) => types.length === 2,
  );
  const events = receiver.arrivals.map(({ text }) => JSON.parse(text) as { type: string; data: object });
  expect(events.map(({ type }) => type)).toEqual(["invoice.created", "invoice.paid"]);
  expect(events[1]?.data).toEqual({ id: 1, amount: 120, state: "paid" });
  expect((await fetch(`${url}/customers/2`)).status).toBe(404);
  await endTemplate(template);
});

it("ten-tenants: a flood and a dead endpoint take nothing from the others", async () => {
  await using template = await templates.start(await templates.install("ten-tenants"));
  type Rows = readonly { tenant: string; published: number; refused: number; arrived: number; p50Ms: number | null }[];
  const rows = await until(
    "each of the eight others has published ten messages, and all but the newest have arrived",
    async () => (await (await fetch(template.url)).json()) as Rows,
    (now) => now.slice(2).every(({ published, arrived }) => published >= 10 && arrived >= published - 5),
  );
  expect(rows).toHaveLength(10);
  expect(rows[0]?.refused).toBeGreaterThan(0);
  expect(rows[1]).toMatchObject({ refused: 0, arrived: 0, p50Ms: null });
  for (const { refused } of rows.slice(2)) expect(refused).toBe(0);
  await endTemplate(template);
});

it("hooks: orders are taken with what was merged and attached, or refused with the reason", async () => {
  await using template = await templates.start(await templates.install("hooks"));
  const order = (count: number, price: number) => postJson(`${template.url}/orders`, { item: "book", count, price });
  expect(await order(2, 30)).toEqual({
    status: 201,
    json: {
      order: { item: "book", count: 2, price: 30 },
      total: 60,
      presents: [{ kind: "text", text: "A bookmark, because you bought several." }],
    },
  });
  expect(await order(9, 30)).toEqual({ status: 409, json: { error: 'Only 5 of "book" are left.' } });
  expect(await order(3, 900)).toEqual({ status: 409, json: { error: "This customer may spend 1,000." } });
  expect(await postJson(`${template.url}/orders`, {})).toMatchObject({ status: 400 });
  await endTemplate(template);
});

it("from-cmq: the old program and the old receiver work, and a signed push beside them", async () => {
  const folder = await templates.install("from-cmq");
  const port = String(await freePort());
  // The second start finds what the first has made.
  for (const run of ["first", "second"]) {
    await using template = await templates.start(folder, { PORT: port });
    const output = await until(
      `both receivers of the ${run} start have both messages`,
      () => template.program.output(),
      (text) => text.includes("old receiver: {") && text.includes("new receiver: {"),
    );
    expect(output).toContain("old receiver: order 17 was placed");
    const placed = '{"type":"order.placed","data":{"order":18,"total":250}}';
    expect(output).toContain(`old receiver: ${placed}`);
    expect(output).toContain(`new receiver: ${placed}`);
    expect(output).not.toContain("refused");
    await endTemplate(template);
  }
});

it("wechat-robot: commands are answered, alerts reach the group, and the buffer keeps the rest", async () => {
  await using template = await templates.start(await templates.install("wechat-robot"));
  const { url, ringback, program } = template;
  const say = (content: string) =>
    postJson(`${ringback}/v1/topics/wechat/messages`, { body: { pushType: 1, data: { from: "anna", content } } });
  expect((await say("/whoami")).status).toBe(201);
  await until(
    "the robot has answered",
    () => getText(`${url}/said`),
    (text) => text === '[{"to":"anna","text":"You are anna."}]',
  );
  await say("the shop is down");
  await until(
    "the group has the alert",
    () => program.output(),
    (text) => text.includes("group: anna: the shop is down"),
  );
  const text = `hello ${randomBytes(4).toString("hex")}`;
  await postJson(`${ringback}/in/weixin`, { data: { content: text } });
  expect(JSON.parse(await getText(`${ringback}/in/weixin`))).toEqual({ data: { content: text } });
  await endTemplate(template);
});

it("nextjs: the page shows what was signed, and nothing else is accepted", async () => {
  await using template = await templates.start(await templates.install("nextjs"));
  const { url, ringback } = template;
  const shown = (part: string): Promise<string> =>
    until(
      `the page shows ${part}`,
      () => getText(`${url}/`).catch(() => ""),
      (text) => text.includes(part),
    );
  await shown("order.placed");
  await postJson(`${ringback}/v1/topics/orders/messages`, { type: "order.paid", body: { type: "order.paid" } });
  await shown("order.paid");
  expect((await fetch(`${url}/webhooks`, { method: "POST", body: "{}" })).status).toBe(400);
  await endTemplate(template);
});
