import { to } from "../../app/addresses.ts";
import type { Text } from "../../language/text.ts";
import type { ResourceKind } from "../resources/resource-list.tsx";

export function hookKind(text: Text): ResourceKind<"/v1/hooks"> {
  return {
    listPath: "/v1/hooks",
    itemPath: "/v1/hooks/{hook}",
    nameParam: "hook",
    shape: "HookSettings",
    title: text("nav.hooks"),
    newTitle: text("hooks.new"),
    emptyTitle: text("hooks.empty"),
    about: text("hooks.about"),
    listAddress: to.hooks,
    address: to.hook,
    initial: { urls: [""] },
  };
}
