import { RingbackError } from "../../domain/errors.ts";
import { assertSizes, type EventType, eventTypeKind, type EventTypeSettings } from "../../domain/event-type-rules.ts";
import type { AccountId, Entry } from "../../domain/model.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { CompiledSchemas } from "./compiled-schemas.ts";
import { type CheckBody, checkSchema } from "./schema-compiler.ts";

export interface AccountEventTypesOptions {
  readonly store: Pick<Store, "entries">;
  readonly accountId: AccountId;
  readonly schemas: CompiledSchemas;
}

/** The catalogue of an account's event types. They are stored as entries. */
export class AccountEventTypes {
  readonly #entries: AccountEntries<EventTypeSettings>;
  readonly #schemas: CompiledSchemas;

  constructor({ store, accountId, schemas }: AccountEventTypesOptions) {
    this.#entries = new AccountEntries(store, accountId, eventTypeKind);
    this.#schemas = schemas;
  }

  /** Throws `invalid_schema`, `invalid_request`, `entry_limit` and `precondition_failed`. */
  async put(
    type: string,
    settings: EventTypeSettings,
    condition?: WriteCondition,
  ): Promise<{ "event type": EventType; created: boolean }> {
    assertSizes(settings);
    const { schema, example } = settings;
    if (schema !== null) assertExample(checkSchema(schema), example);
    const { entry, created } = await this.#entries.put(type, settings, condition);
    return { "event type": eventTypeOf(entry), created };
  }

  async get(type: string): Promise<EventType | null> {
    const entry = await this.#entries.get(type);
    return entry && eventTypeOf(entry);
  }

  /** Sorted by name. */
  list(page: PageRequest, label?: Label): Promise<Page<EventType>> {
    return this.#entries.list(page, eventTypeOf, label);
  }

  delete(type: string, condition?: WriteCondition): Promise<boolean> {
    return this.#entries.delete(type, condition);
  }

  /** The check of bodies of a listed type; null: every body is valid. */
  checkOf({ settings: { schema } }: EventType): CheckBody | null {
    return schema === null ? null : this.#schemas.of(schema);
  }
}

function assertExample(check: CheckBody, example: unknown): void {
  if (example === null) return;
  const [fault] = check(example).faults;
  if (fault === undefined) return;
  throw RingbackError.at(
    "invalid_request",
    "example",
    `is not valid by the schema, at "${fault.pointer}": ${fault.message}`,
  );
}

function eventTypeOf({ name, value, id, version, createdAtMs, updatedAtMs }: Entry<EventTypeSettings>): EventType {
  return { name, settings: value, id, version, createdAtMs, updatedAtMs };
}
