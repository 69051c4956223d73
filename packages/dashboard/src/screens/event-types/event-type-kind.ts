import { to } from "../../app/addresses.ts";
import type { Text } from "../../language/text.ts";
import type { ResourceKind } from "../resources/resource-list.tsx";

export function eventTypeKind(text: Text): ResourceKind<"/v1/event-types"> {
  return {
    listPath: "/v1/event-types",
    itemPath: "/v1/event-types/{type}",
    nameParam: "type",
    shape: "EventTypeSettings",
    title: text("nav.eventTypes"),
    newTitle: text("eventTypes.new"),
    emptyTitle: text("eventTypes.empty"),
    about: text("eventTypes.about"),
    listAddress: to.eventTypes,
    address: to.eventType,
  };
}
