import { readFileSync } from "node:fs";

const readme = new URL("../../../../README.md", import.meta.url);

/** The `curl` lines of README.md's section "The first delivery", up to the one that publishes, as they stand there. */
export function firstDeliveryLines(): readonly string[] {
  const section = /^## The first delivery\n(?<text>[^]*?)^## /m.exec(readFileSync(readme, "utf8"))?.groups?.["text"];
  const blocks = (section ?? "").matchAll(/^```sh\n(?<code>[^]*?)^```$/gm);
  for (const { groups } of blocks) {
    const lines = (groups?.["code"] ?? "").trimEnd().split("\n");
    if (lines.every((line) => line.startsWith("curl "))) return lines;
  }
  throw new Error("README.md has no block of curl lines under ## The first delivery");
}

/** What the lines call the server and the receiver. */
export const readmeServer = "127.0.0.1:8000";
export const readmeReceiver = "127.0.0.1:9000";
