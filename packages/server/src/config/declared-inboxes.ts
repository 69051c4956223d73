import { inboxBody } from "../shapes/inbox.ts";
import { shapeReader } from "../shapes/shape-check.ts";
import { normaliseInbox } from "../domain/inbox-rules.ts";
import type { InboxSettings } from "../domain/inbox-rules.ts";
import type { ConfigFile } from "./config-file.ts";
import { checked, named } from "./declared-part.ts";

export interface DeclaredInbox {
  readonly name: string;
  readonly settings: InboxSettings;
  /** `ringback.yaml:12`, to say where if the server refuses it. */
  readonly origin: string;
}

const readInbox = shapeReader(inboxBody);

/** The `inboxes:` part of the file, in the file's order, checked as the API would check it. Throws `ConfigError`. */
export function readDeclaredInboxes(file: ConfigFile): readonly DeclaredInbox[] {
  return named(file, ["inboxes"], "inboxes", file.values["inboxes"]).map(([name, body]) => {
    const keys = ["inboxes", name];
    return {
      name,
      // `weixin:` with nothing after it is an inbox with every setting at its default.
      settings: checked(file, keys, () => normaliseInbox(readInbox(body ?? {}))),
      origin: file.origin(keys),
    };
  });
}
