import { hostname } from "node:os";
import {
  findPushProtocol,
  pushProtocols,
  standardWebhooksKey,
  type ProtocolKey,
  type PushProtocol,
} from "@ringback/sdk/protocols";
import { readApiServer, type ApiServerFlags } from "../../config/api-server.ts";
import { isRecord } from "../../config/record.ts";
import { durationUnits } from "../../config/units.ts";
import { limits } from "../../domain/limits.ts";
import { pause } from "../api-client.ts";
import { exitAtNextSignal, stopSignal, type CommandContext } from "../context.ts";
import { fieldValue } from "../resources/fields.ts";
import { misused } from "../resources/request-body.ts";
import { jsonLine, printableLine } from "../printable.ts";
import { apiCaller, type ApiCaller } from "../api-caller.ts";
import type { Delivery, ListenReport } from "./delivery.ts";
import { lineReport } from "./delivery-text.ts";
import { createScreen } from "./listen-screen.ts";
import { leaseMarginMs, Listener, pullWaitMs, type ListenSettings } from "./listener.ts";
import { localSecret } from "./local-secret.ts";
import { retryDelaysMsDefault } from "./retry-delays.ts";
import { closeSession, openSession, putSession, renewMs, type Session, type SessionSettings } from "./session.ts";

export interface ListenOptions extends ApiServerFlags {
  readonly topic: string;
  readonly forward: URL;
  readonly protocol: string;
  readonly secret: readonly ProtocolKey[];
  readonly type?: readonly string[];
  readonly tag?: readonly string[];
  readonly where?: string;
  readonly start?: string;
  readonly header?: readonly string[];
  readonly parallel: number;
  readonly timeout: number;
  readonly retry?: readonly number[];
  readonly plain?: true;
  readonly json?: true;
}

export async function runListen(options: ListenOptions, context: CommandContext): Promise<void> {
  const api = apiCaller(readApiServer(options, context));
  const settings = settingsOf(options);
  const sessionSettings = sessionSettingsOf(options, settings, context);
  const { keys, secret } = keysOf(options, settings, context);
  const signal = stopSignal(context);
  const process = ownProcess(context);
  const topicOwner = await appIdOf(api, options.account);
  const session = await openSession(api, sessionSettings, process);
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  const screen = isOnScreen(options, context) ? createScreen(context, titleOf(options, secret)) : null;
  const report = counting(screen ?? lineReport(context, options.json === true));
  if (screen === null) announce(options, session, secret, context);
  if (session.isResumed) report.notice("goes on where an interrupted `ringback listen` has stopped");
  const sender = { topic: options.topic, subscription: session.subscription, topicOwner, keys };
  const renew = (start: unknown) => putSession(api, session.path, sessionSettings, process, start);
  const recreate = (fromMs: number) => renew({ at: new Date(fromMs).toISOString() });
  const listener = new Listener(session.path, sender, settings, { api, clock: context.clock, report, recreate });
  screen?.readKeys({ quit: () => ended.abort(), retry: (delivery) => retry(listener, delivery, stop) });
  let leftover: string | null = null;
  const renewing = renewUntil(stop, renew, report);
  try {
    await listener.run(stop);
  } finally {
    ended.abort();
    await renewing;
    screen?.[Symbol.dispose]();
    // The server may be down, and the user may not want to wait for it.
    exitAtNextSignal(context);
    leftover = await closeSession(api, session);
  }
  if (leftover !== null) context.stderr.write(`ringback: ${printableLine(leftover)}\n`);
  if (options.json !== true) context.stderr.write(`${report.summary()}\n`);
}

function isOnScreen({ plain, json }: ListenOptions, { stdin, stdout }: CommandContext): boolean {
  return stdout.isTTY === true && stdin.isTTY === true && plain !== true && json !== true;
}

function settingsOf(options: ListenOptions): ListenSettings {
  const { forward, protocol: name, timeout: timeoutMs, header = [], parallel } = options;
  const protocol = findPushProtocol(name);
  if (protocol === null) {
    throw misused(
      `--protocol: there is no protocol ${JSON.stringify(name)}; the protocols are ${pushProtocols.map((one) => one.name).join(", ")}`,
    );
  }
  const visibilityMs = timeoutMs + pullWaitMs + leaseMarginMs;
  if (visibilityMs > limits.visibilityMsMax) throw misused(`--timeout: give at most 11h`);
  const retryDelaysMs = options.retry ?? retryDelaysMsDefault;
  if (Math.max(...retryDelaysMs) > limits.visibilityMsMax) {
    throw misused(`--retry: give delays of at most ${durationUnits.format(limits.visibilityMsMax)}`);
  }
  const reserved = header.find((text, index) => index % 2 === 0 && isOwnHeader(protocol, text.toLowerCase()));
  if (reserved !== undefined) throw misused(`--header: only the protocol may set ${reserved}`);
  return { url: forward, protocol, timeoutMs, headers: header, parallel, visibilityMs, retryDelaysMs };
}

/** A name that ends with a hyphen stands for every name that begins with it. */
function isOwnHeader({ ownHeaders = [] }: PushProtocol, header: string): boolean {
  return ownHeaders.some((own) => (own.endsWith("-") ? header.startsWith(own) : header === own));
}

function sessionSettingsOf(
  { topic, type = [], tag = [], where, start }: ListenOptions,
  { visibilityMs }: ListenSettings,
  { clock }: CommandContext,
): SessionSettings {
  const position = { name: "start", to: "start", kind: "position", about: "" } as const;
  const from = start === undefined ? null : fieldValue(position, start, clock.wall());
  return { topic, types: type, tags: tag, where: where ?? null, visibilityMs, start: from };
}

/** Only protocols that require a signature get the secret of this machine. The robots sign if a secret is given. */
function keysOf({ secret }: ListenOptions, { protocol }: ListenSettings, context: CommandContext) {
  if (secret.length > 0 || protocol.keys !== "required") return { keys: secret, secret: null };
  const made = localSecret(context);
  return { keys: [standardWebhooksKey("listen", made)], secret: made };
}

function ownProcess({ clock }: CommandContext) {
  return { host: hostname().slice(0, 64), pid: process.pid, isAlive, nowMs: () => clock.wall() };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive, too.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The dialects of CMQ send the number of the account. Only operators may read it. */
async function appIdOf(api: ApiCaller, account = "default"): Promise<number> {
  const view = await api("GET", `/v1/accounts/${encodeURIComponent(account)}`).catch(() => null);
  return isRecord(view) && typeof view["appId"] === "number" ? view["appId"] : 0;
}

/** Renews the session, so that no other `listen` deletes its subscription. */
async function renewUntil(
  signal: AbortSignal,
  renew: (start: unknown) => Promise<unknown>,
  report: ListenReport,
): Promise<void> {
  while (!signal.aborted) {
    await pause(renewMs, signal);
    if (signal.aborted) break;
    await renew("now").catch((error: unknown) => report.notice(error instanceof Error ? error.message : String(error)));
  }
}

async function retry(listener: Listener, delivery: Delivery, signal: AbortSignal): Promise<string> {
  const { id } = delivery.message;
  if (delivery.state === "waiting" && (await listener.retryNow(delivery))) return `${id} comes again now`;
  if (delivery.state === "sending") return `${id} is being sent`;
  await listener.resend(delivery, signal);
  return `${id} was sent once more`;
}

function titleOf({ topic, forward, protocol }: ListenOptions, secret: string | null): string {
  const signed = secret === null ? "" : ` · signed with ${secret}`;
  return `${topic} → ${forward.href} (${protocol})${signed}`;
}

function announce(
  options: ListenOptions,
  session: Session,
  secret: string | null,
  { stdout, stderr }: CommandContext,
): void {
  const { topic, forward, protocol, json } = options;
  const { subscription } = session;
  if (json === true) {
    const view = { type: "listening", topic, subscription, forward: forward.href, protocol, secret };
    stdout.write(`${jsonLine(view)}\n`);
    return;
  }
  stderr.write(
    `${printableLine(`Sending the messages of ${topic} to ${forward.href} (${protocol}). Ctrl-C stops.`)}\n`,
  );
  if (secret !== null) stderr.write(`The requests are signed with the secret ${secret}\n`);
}

/** Counts deliveries for the last line. */
function counting(report: ListenReport): ListenReport & { summary(): string } {
  const count = { accepted: 0, failed: 0 };
  return {
    delivery(delivery) {
      if (delivery.state === "accepted") count.accepted += 1;
      if (delivery.state === "waiting") count.failed += 1;
      report.delivery(delivery);
    },
    notice: (text) => report.notice(text),
    summary: () => `${count.accepted} messages were accepted; ${count.failed} attempts failed.`,
  };
}
