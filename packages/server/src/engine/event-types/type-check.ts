import { setImmediate as otherWork } from "node:timers/promises";
import { RingbackError } from "../../domain/errors.ts";
import { eventTypeLimits as limits } from "../../domain/event-type-limits.ts";
import { acceptsDefault } from "../../domain/accepted-messages.ts";
import type { EventType } from "../../domain/event-type-rules.ts";
import type { AccountId, NewMessage, Topic } from "../../domain/model.ts";
import { readJson } from "../../http/json-body.ts";
import type { AccountEventTypes } from "./account-event-types.ts";
import type { BodyFault, CheckBody } from "./schema-compiler.ts";

/** Returns the types among the messages that are deprecated. Throws `unlisted_type` and `invalid_body`. */
export type TypeCheck = (topic: Topic, messages: readonly NewMessage[]) => Promise<ReadonlySet<string>>;

export type CatalogueOf = (accountId: AccountId) => Pick<AccountEventTypes, "get" | "checkOf">;

/** Whether the topic's messages are compared with the catalogue. Other topics pay nothing for the check. */
export function isDemanding({ settings: { accepts = acceptsDefault } }: Topic): boolean {
  return accepts.types === "listed" || accepts.bodies === "valid";
}

/** Compares the messages of a demanding topic with the account's catalogue. */
export function createTypeCheck(catalogueOf: CatalogueOf): TypeCheck {
  return async (topic, messages) => {
    const catalogue = catalogueOf(topic.accountId);
    const { types, bodies } = topic.settings.accepts ?? acceptsDefault;
    const known = new Map<string, EventType | null>();
    const deprecated = new Set<string>();
    let steps = 0;
    for (const [index, message] of messages.entries()) {
      const prefix = messages.length === 1 ? "" : `messages[${index}].`;
      const { type } = message;
      if (type !== null && !known.has(type)) known.set(type, await catalogue.get(type));
      const listed = type === null ? null : (known.get(type) ?? null);
      if (listed === null) {
        if (types === "listed") throw unlisted(topic, prefix, type);
        continue;
      }
      if (listed.settings.deprecated) deprecated.add(listed.name);
      const check = bodies === "valid" ? catalogue.checkOf(listed) : null;
      if (check === null) continue;
      steps += await stepsOfCheck(check, listed, message, prefix);
      if (steps < limits.checkStepsAtOnce) continue;
      await otherWork();
      steps = 0;
    }
    return deprecated;
  };
}

/** Checks one body. Throws `invalid_body`. */
async function stepsOfCheck(
  check: CheckBody,
  eventType: EventType,
  { body }: NewMessage,
  prefix: string,
): Promise<number> {
  const { faults, steps } = check(await parsed(body, eventType, prefix));
  if (faults.length === 0) return steps;
  throw invalid(eventType, prefix, faults);
}

/** The number of values is not limited here, because the check has a limit of its own. */
const checkedJson = { depthMax: limits.checkedDepthMax, valuesMax: Infinity };

async function parsed(body: Uint8Array, eventType: EventType, prefix: string): Promise<unknown> {
  try {
    return await readJson(body, checkedJson, (text) => JSON.parse(text));
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    const message = `must be JSON, because the event type has a schema. ${error.message}`;
    throw invalid(eventType, prefix, [{ pointer: "", message }], error);
  }
}

function invalid(
  { name, settings: { version } }: EventType,
  prefix: string,
  faults: readonly BodyFault[],
  cause?: unknown,
): RingbackError {
  const field = `${prefix}body`;
  const [{ pointer, message } = { pointer: "", message: "is not valid" }] = faults;
  const sentence = `${field}: at "${pointer}": ${message} (event type ${name}, version ${version})`;
  return new RingbackError("invalid_body", sentence, { details: faults.map((fault) => ({ field, ...fault })), cause });
}

function unlisted(topic: Topic, prefix: string, type: string | null): RingbackError {
  const what = type === null ? "is missing" : `${JSON.stringify(type)} is not listed`;
  const rule = `the topic "${topic.name}" takes only types that GET /v1/event-types lists`;
  return RingbackError.at("unlisted_type", `${prefix}type`, `${what}; ${rule}`);
}
