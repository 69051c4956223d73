import type { Role, SignedIn } from "../api/session.ts";
import type { TextKey } from "../language/text.ts";
import { to } from "./addresses.ts";

export interface NavigationItem {
  readonly title: TextKey;
  readonly href: string;
  /** Roles that may use the screen; absent: all. */
  readonly roles?: readonly Role[];
  /** True: also in the page of a customer, which a portal link opens. */
  readonly portal?: boolean;
  /** True: a key for some topics may not see it. */
  readonly wholeAccount?: boolean;
}

/** The groups of the menu at the left. The command palette has the same items. */
export const navigation: readonly { readonly title: TextKey | null; readonly items: readonly NavigationItem[] }[] = [
  {
    title: null,
    items: [
      { title: "nav.home", href: to.home, portal: true },
      { title: "nav.playground", href: to.playground, roles: ["operator", "admin"] },
    ],
  },
  {
    title: "nav.push",
    items: [
      { title: "nav.topics", href: to.topics },
      { title: "nav.subscriptions", href: to.subscriptions, portal: true },
      { title: "nav.messages", href: to.messages, portal: true },
      { title: "nav.deadLetters", href: to.deadLetters, portal: true },
      { title: "nav.replays", href: to.replays, portal: true },
    ],
  },
  {
    title: "nav.pullAndCall",
    items: [
      { title: "nav.inboxes", href: to.inboxes },
      { title: "nav.hooks", href: to.hooks },
    ],
  },
  {
    title: "nav.define",
    items: [
      { title: "nav.eventTypes", href: to.eventTypes, portal: true, wholeAccount: true },
      { title: "nav.expressions", href: to.expressions },
      { title: "nav.keys", href: to.keys, roles: ["operator", "admin"] },
    ],
  },
  {
    title: "nav.manage",
    items: [
      { title: "nav.apiKeys", href: to.apiKeys, roles: ["operator", "admin"] },
      { title: "nav.accounts", href: to.accounts, roles: ["operator"] },
      { title: "nav.audit", href: to.audit, roles: ["operator", "admin"] },
      { title: "nav.nodes", href: to.nodes, roles: ["operator"] },
    ],
  },
];

/** The items of the menu that the reader may use. */
export function itemsFor(session: SignedIn, items: readonly NavigationItem[]): readonly NavigationItem[] {
  return items.filter(
    ({ roles, portal = false, wholeAccount = false }) =>
      (roles?.includes(session.role) ?? true) &&
      (!session.portal || portal) &&
      (session.topics === null || !wholeAccount),
  );
}
