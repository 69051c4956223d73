import { lazy, type ComponentType, type LazyExoticComponent } from "react";

interface Screen {
  /** With wouter's parameters. */
  readonly path: string;
  /** True: also in the page of a customer, which a portal link opens. */
  readonly portal?: boolean;
  readonly component: LazyExoticComponent<ComponentType>;
}

/** Every screen is loaded when it is first shown. */
export const screens: readonly Screen[] = [
  { path: "/", portal: true, component: lazy(() => import("../screens/home/home.tsx")) },
  { path: "/ui/topics", component: lazy(() => import("../screens/topics/topics.tsx")) },
  { path: "/ui/topics/new", component: lazy(() => import("../screens/topics/new-topic.tsx")) },
  { path: "/ui/topics/:topic", component: lazy(() => import("../screens/topics/topic.tsx")) },
  { path: "/ui/topics/:topic/edit", component: lazy(() => import("../screens/topics/edit-topic.tsx")) },
  {
    path: "/ui/topics/:topic/subscriptions/new",
    component: lazy(() => import("../screens/subscriptions/new-subscription.tsx")),
  },
  {
    path: "/ui/topics/:topic/subscriptions/:subscription",
    portal: true,
    component: lazy(() => import("../screens/subscriptions/subscription.tsx")),
  },
  {
    path: "/ui/topics/:topic/subscriptions/:subscription/edit",
    portal: true,
    component: lazy(() => import("../screens/subscriptions/edit-subscription.tsx")),
  },
  {
    path: "/ui/topics/:topic/subscriptions/:subscription/attempts/:id",
    portal: true,
    component: lazy(() => import("../screens/attempts/attempt.tsx")),
  },
  {
    path: "/ui/subscriptions",
    portal: true,
    component: lazy(() => import("../screens/subscriptions/subscriptions.tsx")),
  },
  { path: "/ui/messages", portal: true, component: lazy(() => import("../screens/messages/messages.tsx")) },
  { path: "/ui/messages/:id", portal: true, component: lazy(() => import("../screens/messages/message.tsx")) },
  { path: "/ui/dead-letters", portal: true, component: lazy(() => import("../screens/dead-letters/dead-letters.tsx")) },
  { path: "/ui/replays", portal: true, component: lazy(() => import("../screens/replays/replays.tsx")) },
  { path: "/ui/replays/:id", portal: true, component: lazy(() => import("../screens/replays/replay.tsx")) },
  { path: "/ui/inboxes", component: lazy(() => import("../screens/inboxes/inboxes.tsx")) },
  { path: "/ui/inboxes/:inbox", component: lazy(() => import("../screens/inboxes/inbox.tsx")) },
  { path: "/ui/hooks", component: lazy(() => import("../screens/hooks/hooks.tsx")) },
  { path: "/ui/hooks/:hook", component: lazy(() => import("../screens/hooks/hook.tsx")) },
  { path: "/ui/event-types", portal: true, component: lazy(() => import("../screens/event-types/event-types.tsx")) },
  {
    path: "/ui/event-types/:type",
    portal: true,
    component: lazy(() => import("../screens/event-types/event-type.tsx")),
  },
  { path: "/ui/expressions", component: lazy(() => import("../screens/expressions/expressions.tsx")) },
  { path: "/ui/playground", component: lazy(() => import("../screens/playground/playground.tsx")) },
  { path: "/ui/keys", component: lazy(() => import("../screens/keys/keys.tsx")) },
  { path: "/ui/api-keys", component: lazy(() => import("../screens/api-keys/api-keys.tsx")) },
  { path: "/ui/accounts", component: lazy(() => import("../screens/accounts/accounts.tsx")) },
  { path: "/ui/accounts/:account", component: lazy(() => import("../screens/accounts/account.tsx")) },
  { path: "/ui/audit", component: lazy(() => import("../screens/audit/audit.tsx")) },
  { path: "/ui/nodes", component: lazy(() => import("../screens/nodes/nodes.tsx")) },
];
