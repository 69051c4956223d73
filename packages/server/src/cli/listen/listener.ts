import { setTimeout as wait } from "node:timers/promises";
import { UnencodableError, type Verdict } from "@ringback/sdk/protocols";
import { isRecord } from "../../config/record.ts";
import { limits } from "../../domain/limits.ts";
import type { Clock } from "../../domain/ports.ts";
import { ApiError, pause } from "../api-client.ts";
import { CommandError } from "../command-error.ts";
import type { ApiCaller } from "../api-caller.ts";
import type { Delivery, Forwarding, ListenReport, PulledMessage, ReceivedReply, SentRequest } from "./delivery.ts";
import { encodeMessage, post, type Sender } from "./forward.ts";
import { retryDelayMs } from "./retry-delays.ts";

export interface ListenSettings extends Forwarding {
  /** The most messages that are sent at a time. */
  readonly parallel: number;
  readonly visibilityMs: number;
  readonly retryDelaysMs: readonly number[];
}

interface ListenServices {
  readonly api: ApiCaller;
  readonly clock: Clock;
  readonly report: ListenReport;
  /** Creates the subscription again, from a time on. */
  readonly recreate: (fromMs: number) => Promise<unknown>;
}

/** How long a pull waits for a message. */
export const pullWaitMs = 5_000;
/** A POST must end this long before the lease, so that its outcome can still be reported. */
export const leaseMarginMs = 5_000;
const reconnectMsMin = 250;
const reconnectMsMax = 5_000;

/** A message with the time until which no other receiver gets it. */
interface Leased {
  readonly message: PulledMessage;
  readonly isHeld: () => boolean;
}

/**
 * Pulls messages, sends them to the local program, and acknowledges those that it accepts. Every other message is put
 * back with a delay. A message whose outcome could not be reported comes again when its lease ends.
 */
export class Listener {
  readonly #path: string;
  readonly #sender: Sender;
  readonly #settings: ListenSettings;
  readonly #services: ListenServices;
  readonly #running = new Set<Promise<void>>();
  /** When the server has last answered a pull. */
  #pulledAtMs: number;

  constructor(path: string, sender: Sender, settings: ListenSettings, services: ListenServices) {
    this.#path = path;
    this.#sender = sender;
    this.#settings = settings;
    this.#services = services;
    this.#pulledAtMs = services.clock.wall();
  }

  /** Runs until `signal` is aborted. POSTs that are running then are aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { report } = this.#services;
    let delayMs = reconnectMsMin;
    let isLost = false;
    while (!signal.aborted) {
      if (this.#running.size >= this.#settings.parallel) {
        await Promise.race(this.#running);
        continue;
      }
      try {
        const messages = await this.#pull(signal);
        if (isLost) report.notice("the server answers again");
        isLost = false;
        delayMs = reconnectMsMin;
        for (const leased of messages) this.#start(leased, signal);
      } catch (error) {
        if (signal.aborted) break;
        if (isFinal(error)) throw error;
        if (!isLost) report.notice(`${textOf(error)}; trying again`);
        isLost = true;
        await pause(delayMs, signal);
        delayMs = Math.min(delayMs * 2, reconnectMsMax);
      }
    }
    await Promise.all(this.#running);
  }

  /** Sends a message once more, without the server. */
  async resend(delivery: Delivery, signal: AbortSignal): Promise<void> {
    const sent = await this.#send(delivery.message, signal);
    this.#services.report.delivery({ ...sent.delivery, state: "resent" });
  }

  /** Makes a waiting message visible now. Returns false if the message no longer waits. */
  async retryNow({ message: { id } }: Delivery): Promise<boolean> {
    const { api } = this.#services;
    const subscription = encodeURIComponent(this.#sender.subscription);
    try {
      await api("POST", `/v1/messages/${encodeURIComponent(id)}/deliveries/${subscription}/retry`);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return false;
      throw error;
    }
  }

  async #pull(signal: AbortSignal): Promise<readonly Leased[]> {
    const { api, clock, recreate } = this.#services;
    const { parallel, visibilityMs } = this.#settings;
    const [steadyMs, wallMs] = [performance.now(), clock.wall()];
    // The lease began after the request was sent. The steady clock of a machine stops while the machine sleeps.
    const isHeld = (): boolean => {
      const passedMs = Math.max(performance.now() - steadyMs, clock.wall() - wallMs);
      return passedMs + this.#settings.timeoutMs < visibilityMs;
    };
    const request = { messagesMax: parallel - this.#running.size, waitMs: pullWaitMs, visibilityMs };
    try {
      const answer = await api("POST", `${this.#path}/pull`, request, { waitMs: pullWaitMs, signal });
      this.#pulledAtMs = wallMs;
      return messagesOf(answer).map((message) => ({ message, isHeld }));
    } catch (error) {
      // The subscription was deleted, perhaps because this process was suspended for hours.
      if (!(error instanceof ApiError) || error.code !== "subscription_not_found") throw error;
      await recreate(this.#pulledAtMs);
      this.#services.report.notice("the subscription was deleted; it was created again");
      return [];
    }
  }

  #start(leased: Leased, signal: AbortSignal): void {
    const run = this.#deliver(leased, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#services.report.notice(textOf(error));
    });
    const running = run.finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #deliver({ message, isHeld }: Leased, signal: AbortSignal): Promise<void> {
    const { report, clock } = this.#services;
    if (!isHeld()) {
      const startedAtMs = clock.wall();
      report.delivery({ ...blank(message, startedAtMs), state: "lost", error: "the lease was over before the POST" });
      return;
    }
    const { delivery, verdict } = await this.#send(message, signal);
    // A POST that this program has aborted itself says nothing about the local program.
    if (signal.aborted && delivery.reply === null) return;
    if (verdict === null || verdict.kind === "accepted") {
      const isDone = await this.#answer("ack", message, {}, signal);
      const state = verdict === null ? "skipped" : "accepted";
      report.delivery(isDone ? { ...delivery, state } : { ...delivery, state: "lost", error: leaseOver });
      return;
    }
    const delayMs = this.#delayMs(message, verdict);
    const nextAtMs = clock.wall() + delayMs;
    const isDone = await this.#answer("nack", message, { delayMs }, signal);
    report.delivery(isDone ? { ...delivery, state: "waiting", nextAtMs } : { ...delivery, state: "lost" });
  }

  /** `verdict` null: the message cannot be sent. */
  async #send(message: PulledMessage, signal: AbortSignal): Promise<{ delivery: Delivery; verdict: Judgement | null }> {
    const { clock, report } = this.#services;
    const started = { ...blank(message, clock.wall()) };
    let request: SentRequest;
    try {
      request = await encodeMessage(this.#settings, this.#sender, message, started.startedAtMs);
    } catch (error) {
      if (!(error instanceof UnencodableError)) throw error;
      return { delivery: { ...started, error: error.message }, verdict: null };
    }
    report.delivery({ ...started, request });
    const beganMs = performance.now();
    const finished = (reply: ReceivedReply | null, error: string | null): Delivery => {
      return { ...started, request, reply, error, durationMs: performance.now() - beganMs };
    };
    try {
      const reply = await post(request, this.#settings.timeoutMs, signal);
      const verdict = this.#settings.protocol.interpret(reply);
      return { delivery: finished(reply, refusalOf(verdict, reply)), verdict };
    } catch (error) {
      return { delivery: finished(null, textOf(error)), verdict: { kind: "failed", retryAfter: null } };
    }
  }

  #delayMs({ receives }: PulledMessage, verdict: Judgement): number {
    const scheduledMs = retryDelayMs(this.#settings.retryDelaysMs, receives);
    const requested = verdict.kind === "failed" ? verdict.retryAfter : null;
    const requestedMs =
      requested === null
        ? 0
        : "delayMs" in requested
          ? requested.delayMs
          : requested.atMs - this.#services.clock.wall();
    return Math.round(Math.min(Math.max(scheduledMs, requestedMs), limits.visibilityMsMax));
  }

  /**
   * Reports the outcome to the server, again and again while the server cannot be reached. Returns false if the lease
   * was over.
   */
  async #answer(verb: "ack" | "nack", message: PulledMessage, more: object, signal: AbortSignal): Promise<boolean> {
    const { api } = this.#services;
    const body = { receiptHandles: [message.receiptHandle], ...more };
    const untilMs = performance.now() + this.#settings.visibilityMs;
    for (let delayMs = reconnectMsMin; ; delayMs = Math.min(delayMs * 2, reconnectMsMax)) {
      try {
        const answer = await api("POST", `${this.#path}/${verb}`, body);
        return isRecord(answer) && answer["failed"] === 0;
      } catch (error) {
        if (isFinal(error) && !isGone(error)) throw error;
        if (isGone(error) || performance.now() > untilMs || signal.aborted) return false;
        await wait(delayMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

const leaseOver = "accepted, but the lease was over, so that it comes again";

type Judgement = Pick<Exclude<Verdict, { kind: "failed" }>, "kind"> | Pick<FailedVerdict, "kind" | "retryAfter">;
type FailedVerdict = Extract<Verdict, { kind: "failed" }>;

function blank(message: PulledMessage, startedAtMs: number): Delivery {
  const unknown = { durationMs: null, nextAtMs: null, error: null, request: null, reply: null };
  return { message, attempt: message.receives, startedAtMs, state: "sending", ...unknown };
}

function refusalOf(verdict: Verdict, { status }: ReceivedReply): string | null {
  if (verdict.kind === "accepted") return null;
  const detail = verdict.kind === "failed" ? verdict.detail : undefined;
  return detail ?? `the program replied ${status}`;
}

function messagesOf(answer: unknown): readonly PulledMessage[] {
  const messages = isRecord(answer) ? answer["messages"] : null;
  if (!Array.isArray(messages) || !messages.every(isPulled)) {
    throw new TypeError("the server's response is not a list of messages; is it a Ringback server?");
  }
  return messages;
}

function isPulled(value: unknown): value is PulledMessage {
  if (!isRecord(value) || !Array.isArray(value["tags"]) || !isRecord(value["attributes"])) return false;
  const texts = ["id", "receiptHandle", "publishedAt"].every((name) => typeof value[name] === "string");
  return texts && typeof value["receives"] === "number";
}

/** A request that the server has refused would be refused again. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof CommandError)) return true;
  return error instanceof ApiError && error.status < 500 && error.status !== 429 && error.status !== 408;
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
