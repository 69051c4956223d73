import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** The addresses of the screens, so that a link and its route cannot differ. Names are encoded. */
export const to = {
  home: "/",
  topics: "/ui/topics",
  newTopic: "/ui/topics/new",
  topic: (topic: string) => `/ui/topics/${part(topic)}`,
  editTopic: (topic: string) => `/ui/topics/${part(topic)}/edit`,
  subscriptions: "/ui/subscriptions",
  newSubscription: (topic: string) => `/ui/topics/${part(topic)}/subscriptions/new`,
  subscription: (topic: string, subscription: string) =>
    `/ui/topics/${part(topic)}/subscriptions/${part(subscription)}`,
  editSubscription: (topic: string, subscription: string) => `${to.subscription(topic, subscription)}/edit`,
  attempt: (topic: string, subscription: string, id: string) =>
    `${to.subscription(topic, subscription)}/attempts/${part(id)}`,
  messages: "/ui/messages",
  message: (id: string) => `/ui/messages/${part(id)}`,
  deadLetters: "/ui/dead-letters",
  replays: "/ui/replays",
  replay: (id: string) => `/ui/replays/${part(id)}`,
  inboxes: "/ui/inboxes",
  inbox: (inbox: string) => `/ui/inboxes/${part(inbox)}`,
  hooks: "/ui/hooks",
  hook: (hook: string) => `/ui/hooks/${part(hook)}`,
  eventTypes: "/ui/event-types",
  eventType: (type: string) => `/ui/event-types/${part(type)}`,
  expressions: "/ui/expressions",
  playground: "/ui/playground",
  keys: "/ui/keys",
  apiKeys: "/ui/api-keys",
  accounts: "/ui/accounts",
  account: (account: string) => `/ui/accounts/${part(account)}`,
  audit: "/ui/audit",
  nodes: "/ui/nodes",
} as const;

/** An address with a query, such as a list with its filters. Empty values are left out. */
export function withQuery(address: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => (entry[1] ?? "") !== "");
  return given.length === 0 ? address : `${address}?${new URLSearchParams(given).toString()}`;
}

function part(name: string): string {
  return encodeURIComponent(name);
}

/** A value in the page's address, so that a link shows what its sender saw. Returns `""` when it is not there. */
export function useQueryValue(name: string): readonly [value: string, set: (value: string) => void] {
  const [query, setQuery] = useSearchParams();
  const set = useCallback(
    (value: string) =>
      setQuery(
        () => {
          // Several values may be set before the page is drawn again, so the address itself has the latest.
          const after = new URLSearchParams(location.search);
          if (value === "") after.delete(name);
          else after.set(name, value);
          return after;
        },
        { replace: true },
      ),
    [name, setQuery],
  );
  return [query.get(name) ?? "", set];
}
