import type { Api } from "../../server/test/harness/api.ts";

/** Text that would run or break a page, if the page treated it as anything but text. */
export const hostileText = `"><script>window.hacked = true</script><img src=x onerror="window.hacked=true">`;

const schema = {
  type: "object",
  required: ["type", "data"],
  properties: {
    data: {
      type: "object",
      required: ["id", "amount"],
      properties: { id: { type: "string" }, amount: { type: "number" } },
    },
  },
};

const invoice = (index: number) => ({
  type: index % 3 === 0 ? "invoice.payment_failed" : "invoice.paid",
  tags: index % 2 === 0 ? ["eu"] : ["us"],
  attributes: { tenant: `t-${index % 4}` },
  body: { type: "invoice.paid", data: { id: `in_${1000 + index}`, amount: 250 + index, currency: "EUR" } },
});

/** Fills a server with what every screen shows: healthy and failing endpoints, dead letters, inboxes, hooks, keys. */
export async function fillScene(api: Api, receiverUrl: string): Promise<void> {
  await putResources(api, receiverUrl);
  await putSubscriptions(api, receiverUrl);
  for (let index = 0; index < 40; index++) await api.publish("invoices", invoice(index));
  await api.publish("builds", {
    type: "build.finished",
    body: { type: "build.finished", data: { id: "b_7", ok: false } },
  });
  await api.publish("hostile", { type: "x.y", attributes: { note: hostileText }, body: hostileText });
  await api.ok("POST", "/in/support", { json: { from: "anna@example.com", text: "Where is my order?" } });
  await api.ok("POST", "/in/support", { body: "plain text", headers: { "content-type": "text/plain" } });
}

async function putResources(api: Api, receiverUrl: string): Promise<void> {
  const put = (path: string, json: object): Promise<unknown> => api.ok("PUT", path, { json });
  await put("/v1/event-types/invoice.paid", {
    description: "An invoice was paid in full.",
    schema,
    example: invoice(1).body,
  });
  await put("/v1/event-types/invoice.payment_failed", { description: "A payment of an invoice has failed." });
  await put("/v1/topics/invoices", { description: "Everything about invoices", labels: { team: "billing" } });
  await put("/v1/topics/builds", { description: "Continuous integration", labels: { team: "platform" } });
  await put("/v1/topics/hostile", { description: hostileText, labels: { note: hostileText.slice(0, 200) } });
  await put("/v1/inboxes/support", { description: "Mails from the contact form" });
  await put("/v1/hooks/risk-check", { urls: [`${receiverUrl}/hook`], protocol: "json", onError: "reject" });
  await put("/v1/keys/partner", { generate: "hmac" });
  await put("/v1/accounts/acme", { description: "ACME Ltd", labels: { plan: "gold" } });
  await api.ok("POST", "/v1/api-keys", { json: { name: "ci", role: "publish", topics: ["builds"] } });
}

async function putSubscriptions(api: Api, receiverUrl: string): Promise<void> {
  const retry = { delaysMs: [200, 400] };
  const push = (path: string, protocol = "standard-webhooks") => ({ url: receiverUrl + path, protocol });
  await api.subscribe("invoices", "accounting", {
    push: push("/fine"),
    description: "ERP of the accounting department",
    labels: { customer: "acme" },
  });
  await api.subscribe("invoices", "crm", { push: push("/broken"), retry, labels: { customer: "globex" } });
  await api.subscribe("invoices", "mobile", { push: push("/flaky"), retry: { delaysMs: [300, 300] } });
  await api.subscribe("invoices", "former-partner", { push: push("/gone") });
  await api.subscribe("invoices", "warehouse", { pull: {}, filter: { types: ["invoice.*"] } });
  await api.subscribe("invoices", "paused", { push: push("/fine") });
  await api.ok("POST", "/v1/topics/invoices/subscriptions/paused/pause");
  await api.subscribe("builds", "chat", { push: push("/image", "raw"), retry: "none" });
  await api.subscribe("hostile", "page", { push: push("/hostile", "raw"), retry: "none", description: hostileText });
}
