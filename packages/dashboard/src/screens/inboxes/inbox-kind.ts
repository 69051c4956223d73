import { to } from "../../app/addresses.ts";
import type { Text } from "../../language/text.ts";
import type { ResourceKind } from "../resources/resource-list.tsx";

export function inboxKind(text: Text): ResourceKind<"/v1/inboxes"> {
  return {
    listPath: "/v1/inboxes",
    itemPath: "/v1/inboxes/{inbox}",
    nameParam: "inbox",
    shape: "InboxSettings",
    title: text("nav.inboxes"),
    newTitle: text("inboxes.new"),
    emptyTitle: text("inboxes.empty"),
    about: text("inboxes.about"),
    listAddress: to.inboxes,
    address: to.inbox,
  };
}
