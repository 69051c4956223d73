import { runHook } from "@ringback/sdk/hooks";
import type { HookDefinition, Outcome } from "@ringback/sdk/hooks";
import type { ProtocolKey } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import type { ErrorCode } from "../../domain/errors.ts";
import { findHookProtocol, hookKeyFault } from "../../domain/hook-protocols.ts";
import type { HookSettings } from "../../domain/hook-rules.ts";
import { limits } from "../../domain/limits.ts";
import type { Entry } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { PutCondition } from "../../store/condition.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { Store } from "../../store/store.ts";
import type { Transport, TransportErrorCode } from "../../transport/port.ts";
import type { EventBus } from "../event-bus.ts";
import type { CalledHook, HookDetails, HookPayload, Hooks } from "./hooks.ts";
import type { Keys } from "../keys/keys.ts";
import type { HookObserver } from "../observer.ts";
import { CallLimit } from "./call-limit.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { hookJson } from "./hook-json.ts";
import { CallPosts, placesOf } from "./hook-post.ts";
import type { Place } from "./hook-post.ts";

export interface AccountHooksOptions {
  readonly store: Store;
  readonly keys: Keys;
  readonly transport: Transport;
  readonly events: EventBus;
  readonly observer: HookObserver;
  readonly clock: Clock;
  /** Only goes forward; where it begins does not matter. Milliseconds. */
  readonly steadyClock: Clock;
  /** A new one for every POST; at most 64 of letters, digits and hyphens. */
  readonly requestId: () => string;
  /** What differs from `limits`. */
  readonly callsMax?: number;
  readonly bytesHeldMax?: number;
}

/** What a hook's settings mean, worked out once. */
interface Prepared {
  /** Without its key, which changes apart from the hook. */
  readonly keyless: HookDefinition;
  readonly places: ReadonlyMap<string, Place>;
}

const kind = "hook";

/** The default account's hooks: definitions in the store, calls over the guarded transport. */
export class AccountHooks implements Hooks {
  readonly #options: AccountHooksOptions;
  readonly #gate: CallLimit;
  readonly #bytes: MemoryBudget;
  /** By the entry's value, which the store replaces when the hook changes. */
  readonly #prepared = new WeakMap<HookSettings, Prepared>();

  constructor(options: AccountHooksOptions) {
    this.#options = options;
    this.#gate = new CallLimit(options.callsMax ?? limits.hookCallsMax);
    this.#bytes = new MemoryBudget(options.bytesHeldMax ?? limits.hookBytesHeldMax);
  }

  async put(
    name: string,
    settings: HookSettings,
    condition?: PutCondition,
  ): Promise<{ hook: HookDetails; created: boolean }> {
    if (settings.key !== null) await this.#assertKeyFits(settings.key, settings.protocol);
    const { entry, created } = await this.#options.store.entries.put(this.#account, kind, name, settings, condition);
    return { hook: detailsOf(entry), created };
  }

  async get(name: string): Promise<HookDetails | null> {
    const entry = await this.#options.store.entries.get(this.#account, kind, name);
    return entry === null ? null : detailsOf(entry);
  }

  async list(page: PageRequest, label?: Label): Promise<Page<HookDetails>> {
    const { items, next } = await this.#options.store.entries.list(this.#account, kind, page, label);
    return { items: items.map(detailsOf), next };
  }

  delete(name: string): Promise<boolean> {
    return this.#options.store.entries.delete(this.#account, kind, name);
  }

  async call(name: string, payload: HookPayload): Promise<CalledHook> {
    this.#gate.enter(name);
    const share = this.#bytes.share();
    try {
      const outcome = await this.#run(name, payload, share);
      return { outcome, release: () => share.release() };
    } catch (error) {
      share.release();
      throw error;
    } finally {
      this.#gate.leave(name);
    }
  }

  /** Takes no more calls. Those under way end by themselves, or when the transport is closed. */
  stop(): void {
    this.#gate.close();
  }

  get callsUnderWay(): number {
    return this.#gate.inside;
  }

  /** Of payloads and replies, over all calls. */
  get bytesHeld(): number {
    return this.#bytes.held;
  }

  async #run(name: string, payload: HookPayload, share: ReturnType<MemoryBudget["share"]>): Promise<Outcome> {
    const { store, transport, steadyClock, requestId } = this.#options;
    const entry = await store.entries.get(this.#account, kind, name);
    if (entry === null) throw new RingbackError("hook_not_found", `There is no hook "${name}".`);
    const settings = settingsOf(entry);
    const { keyless, places } = this.#prepare(settings);
    const definition = settings.key === null ? keyless : { ...keyless, key: await this.#keyOf(settings.key) };
    if (!share.take(payload.bytes * limits.hookJsonBytesFactor)) {
      throw new RingbackError("overloaded", "Calls of hooks hold as much memory as they may; try again shortly.");
    }
    const posts = new CallPosts(transport, share, places);
    const outcome = await runHook(definition, payload.read(), {
      post: posts.post,
      nowMs: () => steadyClock.now(),
      requestId,
      json: hookJson,
    });
    this.#tell(name, outcome, posts.firstError);
    return outcome;
  }

  #tell(
    hook: string,
    { action, error, httpStatus, durationMs }: Outcome,
    transportError: TransportErrorCode | null,
  ): void {
    const { observer, events, clock } = this.#options;
    observer.hookCalled(error === null ? action : "failed", durationMs / 1000);
    if (!events.listening) return;
    const at = clock.now();
    events.emit({ type: "hook.called", at, hook, action, httpStatus, error, transportError, durationMs });
  }

  #prepare(settings: HookSettings): Prepared {
    let prepared = this.#prepared.get(settings);
    if (prepared === undefined) {
      const protocol = findHookProtocol(settings.protocol);
      if (protocol === null)
        throw new Error(`the database holds a hook of the unknown protocol "${settings.protocol}"`);
      const { urls, timeoutMs, onError, replyBytesMax } = settings;
      const keyless = { urls, protocol, timeoutMs, onError, key: null, replyBytesMax };
      prepared = { keyless, places: placesOf(urls) };
      this.#prepared.set(settings, prepared);
    }
    return prepared;
  }

  async #assertKeyFits(kid: string, protocol: string): Promise<void> {
    const { jwk } = await this.#keyOf(kid, "key");
    const fault = hookKeyFault(protocol, jwk);
    if (fault !== null) throw RingbackError.at("invalid_key", "key", `"${kid}" is no key for ${protocol}: ${fault}`);
  }

  async #keyOf(kid: string, field?: string): Promise<ProtocolKey> {
    const { keys } = this.#options;
    const key = await keys.find(kid);
    if (key !== null) return key;
    const refuse = (code: ErrorCode, sentence: string) =>
      field === undefined ? new RingbackError(code, sentence) : RingbackError.at(code, field, sentence);
    throw (await keys.get(kid)) === null
      ? refuse("key_not_found", `There is no key "${kid}".`)
      : refuse(
          "key_unavailable",
          `The key "${kid}" cannot be opened with the master keys that the server has; put it again.`,
        );
  }

  get #account() {
    return this.#options.store.catalog.defaultAccount().id;
  }
}

function settingsOf(entry: Entry): HookSettings {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- entries of this kind are written here alone
  return entry.value as HookSettings;
}

function detailsOf(entry: Entry): HookDetails {
  const { name, version, createdAtMs, updatedAtMs } = entry;
  return { name, ...settingsOf(entry), version, createdAtMs, updatedAtMs };
}
