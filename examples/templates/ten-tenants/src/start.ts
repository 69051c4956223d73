import { startReceiver } from "./receiver.ts";
import { startReport } from "./report.ts";
import { startRingback } from "./ringback.ts";
import { publishFor, tenants } from "./tenants.ts";

const port = Number(process.env["PORT"] ?? 3000);

const receiver = await startReceiver();
const ringback = await startRingback(["--data", "data"]);
for (const tenant of tenants) await tenant.prepare(ringback, receiver.url);
for (const tenant of tenants) publishFor(tenant, ringback);
startReport(port, receiver);
console.log(
  `The numbers are at http://127.0.0.1:${port}, the accounts at ${ringback.url}/ui/accounts. Ctrl-C ends all.`,
);
