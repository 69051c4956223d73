import { hasCode, type RingbackClient } from "@ringback/sdk/client";
import type { Ringback } from "./ringback.ts";

const topic = "events";

/** A customer with an account of its own, which publishes at a steady rate. */
export class Tenant {
  readonly name: string;
  readonly perSecond: number;
  /** How the tenant's endpoint behaves. */
  readonly endpoint: "fine" | "dead";
  published = 0;
  /** Publishes that the account's limit has refused. */
  refused = 0;

  constructor(name: string, perSecond: number, endpoint: "fine" | "dead") {
    this.name = name;
    this.perSecond = perSecond;
    this.endpoint = endpoint;
  }

  async prepare(ringback: Ringback, receiverUrl: string): Promise<void> {
    const account = this.name;
    const limits = { publishesPerSecondMax: 50, topicsMax: 10, storedBytesMax: 100_000_000 };
    await ringback.client.put("/v1/accounts/{account}", { params: { path: { account } }, body: { limits } });
    const client = ringback.as(account);
    await client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: {} });
    await client.put("/v1/topics/{topic}/subscriptions/{subscription}", {
      params: { path: { topic, subscription: "endpoint" } },
      body: { push: { url: `${receiverUrl}/${this.endpoint}/${this.name}` } },
    });
  }

  async publish(client: RingbackClient): Promise<void> {
    const message = { type: "tick", body: { sentAt: Date.now() } };
    try {
      await client.publish(topic, message);
      this.published++;
    } catch (error) {
      if (!hasCode(error, "account_rate_limit")) throw error;
      this.refused++;
    }
  }
}

/** One floods, the endpoint of another is dead, and eight are like most. */
export const tenants: readonly Tenant[] = Array.from({ length: 10 }, (_, index) => {
  const name = `tenant-${index + 1}`;
  if (index === 0) return new Tenant(name, 400, "fine");
  return new Tenant(name, 5, index === 1 ? "dead" : "fine");
});

/** Publishes at the tenant's rate until the program ends. */
export function publishFor(tenant: Tenant, ringback: Ringback): void {
  // Without this, the client waits and tries again when the limit refuses a publish.
  const client = ringback.as(tenant.name, { retriesMax: 0 });
  const tickMs = Math.max(10, 1_000 / tenant.perSecond);
  setInterval(() => {
    for (let count = 0; count < (tenant.perSecond * tickMs) / 1_000; count++) {
      tenant.publish(client).catch((error: unknown) => console.error(tenant.name, error));
    }
  }, tickMs);
}
