import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { SceneIds } from "./started-scene.ts";

type AddressOf = (ids: SceneIds) => string;

const fixed =
  (address: string): AddressOf =>
  () =>
    address;

const subscription = "/ui/topics/invoices/subscriptions/crm";

/** For each screen an address that shows it with data, by the screen's path. */
export const addresses: Readonly<Record<string, AddressOf>> = {
  "/": fixed("/"),
  "/ui/topics": fixed("/ui/topics"),
  "/ui/topics/new": fixed("/ui/topics/new"),
  "/ui/topics/:topic": fixed("/ui/topics/invoices"),
  "/ui/topics/:topic/edit": fixed("/ui/topics/invoices/edit"),
  "/ui/topics/:topic/subscriptions/new": fixed("/ui/topics/invoices/subscriptions/new"),
  "/ui/topics/:topic/subscriptions/:subscription": fixed(subscription),
  "/ui/topics/:topic/subscriptions/:subscription/edit": fixed(`${subscription}/edit`),
  "/ui/topics/:topic/subscriptions/:subscription/attempts/:id": ({ attempt }) => `${subscription}/attempts/${attempt}`,
  "/ui/subscriptions": fixed("/ui/subscriptions"),
  "/ui/messages": fixed("/ui/messages?topic=invoices"),
  "/ui/messages/:id": ({ message }) => `/ui/messages/${message}`,
  "/ui/dead-letters": fixed("/ui/dead-letters"),
  "/ui/replays": fixed("/ui/replays"),
  "/ui/replays/:id": ({ replay }) => `/ui/replays/${replay}`,
  "/ui/inboxes": fixed("/ui/inboxes"),
  "/ui/inboxes/:inbox": fixed("/ui/inboxes/support"),
  "/ui/hooks": fixed("/ui/hooks"),
  "/ui/hooks/:hook": fixed("/ui/hooks/risk-check"),
  "/ui/event-types": fixed("/ui/event-types"),
  "/ui/event-types/:type": fixed("/ui/event-types/invoice.paid"),
  "/ui/expressions": fixed("/ui/expressions"),
  "/ui/playground": fixed("/ui/playground"),
  "/ui/keys": fixed("/ui/keys"),
  "/ui/api-keys": fixed("/ui/api-keys"),
  "/ui/accounts": fixed("/ui/accounts"),
  "/ui/accounts/:account": fixed("/ui/accounts/acme"),
  "/ui/audit": fixed("/ui/audit"),
  "/ui/nodes": fixed("/ui/nodes"),
};

/** Reached only by a link with a token, which has tests of its own. */
const linkOnly: ReadonlySet<string> = new Set(["/ui/portal/:id"]);

const file = fileURLToPath(new URL("../src/app/screens.ts", import.meta.url));

/** The paths of all screens that an address alone shows, as the dashboard itself lists them. */
export function screenPaths(): readonly string[] {
  const paths = Array.from(readFileSync(file, "utf8").matchAll(/path: "(?<path>[^"]+)"/g), ({ groups }) => {
    return groups?.["path"] ?? "";
  });
  return paths.filter((path) => !linkOnly.has(path));
}
