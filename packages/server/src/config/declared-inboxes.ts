import type { InboxSettings } from "../domain/inbox-rules.ts";
import { inboxShape } from "../shapes/inbox.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named } from "./declared-part.ts";

export interface DeclaredInbox {
  readonly name: string;
  readonly settings: InboxSettings;
  /** `ringback.yaml:12`, for the message when the server refuses the inbox. */
  readonly origin: string;
}

/**
 * Reads the `inboxes:` part of the file, in the file's order, as the API reads the bodies of its PUTs. Throws
 * `ConfigError`.
 */
export function readDeclaredInboxes(file: ConfigFile): readonly DeclaredInbox[] {
  return named(file, ["inboxes"], "inboxes", file.values["inboxes"]).map(([name, body]) => {
    const keys = ["inboxes", name];
    return {
      name,
      // `weixin:` with nothing after it is an inbox with every setting at its default.
      settings: checked(file, keys, () => inboxShape.read(body ?? {})),
      origin: file.origin(keys),
    };
  });
}
