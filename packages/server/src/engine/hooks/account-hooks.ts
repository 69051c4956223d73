import { runHook } from "@ringback/sdk/hooks";
import type { HookDefinition, Outcome } from "@ringback/sdk/hooks";
import type { ProtocolKey } from "@ringback/sdk/protocols";
import { assertSecretsGiven } from "../../domain/endpoint-access-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import type { ErrorCode } from "../../domain/errors.ts";
import { findHookProtocol, hookKeyFault } from "../../domain/hook-protocols.ts";
import type { HookSettings } from "../../domain/hook-rules.ts";
import { hopsHeader } from "../../domain/hops.ts";
import { limits } from "../../domain/limits.ts";
import { losslessJson } from "../../domain/lossless-json.ts";
import type { AccountId, Entry } from "../../domain/model.ts";
import type { WriteCondition } from "../../domain/write-condition.ts";
import { AccountEntries } from "../../store/account-entries.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Label } from "../../store/label.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import type { EndpointRule } from "../../transport/endpoint-rule.ts";
import { parseTarget } from "../../transport/endpoint.ts";
import type { Transport } from "../../transport/port.ts";
import type { CalledHook, HookDetails, HookPayload } from "./hooks.ts";
import type { Keys } from "../keys/account-keys.ts";
import { type Resealed, resealPage } from "../keys/reseal.ts";
import type { EndpointSecrets, SecretOwner } from "../keys/endpoint-secrets.ts";
import { OAuth2Tokens } from "../keys/oauth2-tokens.ts";
import { postWithAccess } from "../keys/post-with-access.ts";
import type { HookObserver } from "../observer.ts";
import { assertNoLoop } from "../loops.ts";
import type { CallLimit } from "./call-limit.ts";
import type { BudgetShare, MemoryBudget } from "./memory-budget.ts";
import { CallPosts, type HookTarget, targetsOf } from "./hook-post.ts";
import type { EngineServices } from "../services.ts";

export interface AccountHooksOptions extends Pick<EngineServices, "store" | "events" | "clock" | "timers"> {
  readonly accountId: AccountId;
  readonly keys: Keys;
  readonly transport: Transport;
  readonly endpointRule: EndpointRule;
  readonly endpointSecrets: EndpointSecrets;
  readonly observer: HookObserver;
  /** Generates a new id for every POST: at most 64 letters, digits and hyphens. */
  readonly requestId: () => string;
  /** The limits that the hooks of all accounts share. */
  readonly calls: CallLimit;
  readonly memory: MemoryBudget;
}

/** A hook's settings, prepared once for all of its calls. */
interface PreparedHook {
  /** Contains no key, because a key can change without a change of the hook. */
  readonly definition: HookDefinition;
  readonly targets: ReadonlyMap<string, HookTarget>;
}

/** The members of `AccountHooks` that the API and the configuration use. */
export type Hooks = Omit<AccountHooks, "unusable" | "reseal">;

/**
 * The account's hooks. They are stored as entries. A hook's URLs are called synchronously over the guarded transport,
 * and their replies decide an outcome. Callers must pass names of valid form.
 */
export class AccountHooks {
  readonly #options: AccountHooksOptions;
  readonly #entries: AccountEntries<HookSettings>;
  readonly #tokens: OAuth2Tokens;
  /** The map's key is the value object of the hook's entry. A changed hook has another value object. */
  readonly #prepared = new WeakMap<HookSettings, PreparedHook>();

  constructor(options: AccountHooksOptions) {
    this.#options = options;
    this.#entries = new AccountEntries(options.store, options.accountId, "hook");
    this.#tokens = new OAuth2Tokens(options);
  }

  /**
   * Creates or replaces. Throws `invalid_url`, `key_not_found`, `key_unavailable`, `invalid_key`, `entry_limit`,
   * `secrets_needed`, `invalid_request`, `master_key_missing` and `precondition_failed`.
   */
  async put(
    name: string,
    settings: HookSettings,
    condition?: WriteCondition,
  ): Promise<{ hook: HookDetails; created: boolean }> {
    const { endpointRule } = this.#options;
    for (const [index, url] of settings.urls.entries()) endpointRule(`urls[${index}]`, url);
    if (settings.auth?.type === "oauth2") endpointRule("auth.tokenUrl", settings.auth.tokenUrl);
    const { key, protocol } = settings;
    const write = async () => this.#entries.put(name, await this.#sealed(name, settings), condition);
    const withKey = async (kid: string) => {
      await this.#assertKeyFits(kid, protocol);
      return write();
    };
    const { entry, created } = await (key === null ? write() : this.#options.keys.uses.run(() => withKey(key)));
    return { hook: detailsOf(entry), created };
  }

  async get(name: string): Promise<HookDetails | null> {
    const entry = await this.#entries.get(name);
    return entry && detailsOf(entry);
  }

  /** Sorted by name. If `label` is given, only hooks with this label are returned. */
  list(page: PageRequest, label?: Label): Promise<Page<HookDetails>> {
    return this.#entries.list(page, detailsOf, label);
  }

  /** Returns false if there is no such hook. Throws `precondition_failed`. */
  delete(name: string, condition?: WriteCondition): Promise<boolean> {
    return this.#entries.delete(name, condition);
  }

  /**
   * POSTs the payload to the hook's URLs and returns the outcome of the replies. A failed POST also leads to an
   * outcome, not to an error. Throws only `hook_not_found`, `loop_detected`, `key_not_found`, `key_unavailable`,
   * `overloaded` and `shutting_down`.
   */
  async call(name: string, payload: HookPayload): Promise<CalledHook> {
    const { accountId, calls, memory } = this.#options;
    const end = calls.begin(accountId, name);
    const share = memory.share();
    try {
      const outcome = await this.#run(name, payload, share);
      return { outcome, memoryBytes: share.bytes, release: () => share.release() };
    } catch (error) {
      share.release();
      throw error;
    } finally {
      end();
    }
  }

  /** Seals the secrets of one page of hooks with the first master key. */
  reseal(page: PageRequest): Promise<Resealed> {
    return resealPage(this.#entries, page, (settings, name) =>
      this.#options.endpointSecrets.reseal(ownerOf(name), settings),
    );
  }

  /** Names of the hooks with a secret that no configured master key opens. */
  async unusable(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const hooks of everyPage((page) => this.list(page))) {
      names.push(...hooks.filter((hook) => !this.#options.endpointSecrets.opens(hook)).map(({ name }) => name));
    }
    return names;
  }

  async #run(name: string, payload: HookPayload, share: BudgetShare): Promise<Outcome> {
    const { clock, requestId } = this.#options;
    const entry = await this.#entries.get(name);
    if (entry === null) throw new RingbackError("hook_not_found", `There is no hook "${name}".`);
    const { hops = 0 } = payload;
    assertNoLoop(this.#options, hops, { accountId: this.#options.accountId, hook: name });
    const settings = entry.value;
    const { definition, targets } = this.#prepare(settings);
    const withKey = settings.key === null ? definition : { ...definition, key: await this.#keyOf(settings.key) };
    if (!share.take(payload.bytes * limits.hookJsonBytesFactor)) {
      throw new RingbackError("overloaded", "Hook calls use all of their memory budget; try again shortly.");
    }
    const posts = new CallPosts(await this.#transportFor(entry), share, targets);
    const outcome = await runHook(withKey, await payload.read(), {
      post: (url, headers, body, options) => posts.post(url, [...headers, hopsHeader, String(hops + 1)], body, options),
      nowMs: () => clock.now(),
      requestId,
      json: losslessJson,
    });
    this.#report(name, outcome, posts.firstFailure);
    return outcome;
  }

  async #sealed(name: string, settings: HookSettings): Promise<HookSettings> {
    const stored = (await this.#entries.get(name))?.value ?? null;
    if (stored !== null) {
      const before = { ...stored, prefix: "" };
      assertSecretsGiven(before, { ...settings, prefix: "" }, (url) => parseTarget(url).origin);
    }
    return this.#options.endpointSecrets.seal(ownerOf(name), settings, stored);
  }

  /** Returns a transport that POSTs with the hook's credentials and TLS settings. Throws `key_unavailable`. */
  async #transportFor({ name, value }: Entry<HookSettings>): Promise<Pick<Transport, "post">> {
    const { accountId: account, transport, endpointSecrets } = this.#options;
    if (!value.auth && !value.tls) return transport;
    const access = await endpointSecrets.open(ownerOf(name), value);
    if (access === null) {
      const sentence = `A secret of the hook "${name}" cannot be decrypted with the configured master keys.`;
      throw new RingbackError("key_unavailable", sentence);
    }
    const context = { ...this.#options, tokens: this.#tokens };
    return {
      post: (endpoint, headers, body, done) =>
        postWithAccess(context, { account, access, endpoint, headers: [...headers, ...access.headers], body }, done),
    };
  }

  #report(
    hook: string,
    { action, error, errorDetail, httpStatus, durationMs }: Outcome,
    failure: CallPosts["firstFailure"],
  ): void {
    const { accountId, observer, events, clock } = this.#options;
    observer.hookCalled(error === null ? action : "failed", durationMs / 1000);
    if (!events.wants("hook.called")) return;
    const at = clock.wall();
    const transport = { transportError: failure?.error ?? null, transportErrorDetail: failure?.errorDetail ?? null };
    events.emit({
      type: "hook.called",
      accountId,
      at,
      hook,
      action,
      httpStatus,
      error,
      errorDetail,
      ...transport,
      durationMs,
    });
  }

  #prepare(settings: HookSettings): PreparedHook {
    let prepared = this.#prepared.get(settings);
    if (prepared === undefined) {
      const protocol = findHookProtocol(settings.protocol);
      if (protocol === null) throw new Error(`a stored hook has the unknown protocol "${settings.protocol}"`);
      const { urls, timeoutMs, onError, replyBytesMax } = settings;
      const definition = { urls, protocol, timeoutMs, onError, key: null, replyBytesMax };
      prepared = { definition, targets: targetsOf(urls, this.#options.accountId) };
      this.#prepared.set(settings, prepared);
    }
    return prepared;
  }

  async #assertKeyFits(kid: string, protocol: string): Promise<void> {
    const { jwk } = await this.#keyOf(kid, "key");
    const fault = hookKeyFault(protocol, jwk);
    if (fault !== null) {
      throw RingbackError.at("invalid_key", "key", `"${kid}" cannot be used for ${protocol}: ${fault}`);
    }
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
          `The key "${kid}" cannot be decrypted, because the master key that it was stored with is not configured.`,
        );
  }
}

/** Contains a colon, which the names of topics cannot contain. So a hook cannot use the secrets of a subscription. */
function ownerOf(name: string): SecretOwner {
  return { name: `hook:${name}`, prefix: "" };
}

function detailsOf({ name, value, id, version, createdAtMs, updatedAtMs }: Entry<HookSettings>): HookDetails {
  return { ...value, name, id, version, createdAtMs, updatedAtMs };
}
