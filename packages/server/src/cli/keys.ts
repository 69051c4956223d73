import type { Command } from "commander";
import { isRecord } from "../config/record.ts";
import { type ApiServer, readApiServer } from "../config/api-server.ts";
import { send } from "./api-client.ts";
import { CommandError } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { profileOption, urlOption } from "./option-values.ts";
import { printableLine } from "./printable.ts";

interface RotateOptions {
  readonly url?: string;
  readonly profile?: string;
  readonly json?: true;
}

/** A step writes a few thousand small rows. */
const stepMsMax = 120_000;

/** The parts that the server reports, and what a person calls them. */
const labels = {
  keys: "keys",
  apiKeys: "API keys",
  inboxes: "inboxes",
  hooks: "hooks",
  subscriptions: "subscriptions",
} as const;
type Counts = Record<keyof typeof labels, number>;

const example = `
Examples:
  $ ringback keys rotate-master
  $ ringback keys rotate-master --json

The server encrypts every stored secret again, while it runs. If it keeps its own master key in the data folder, it
makes a new one first: copy the new file master.key to where your other copy is. The old key stays beside it as
master.key.1, because older backups need it. If master keys are configured, put the new one first and the old one after
it on every server, restart the servers, run this command, and then remove the old one.
If the command is interrupted, run it again.
`;

export function addKeysCommand(program: Command, context: CommandContext): void {
  const keys = program
    .command("keys")
    .summary("change the master key, which encrypts the stored secrets")
    .description("Changes the master key, which encrypts the stored secrets.");
  keys
    .command("rotate-master")
    .summary("encrypt all secrets with another master key")
    .description("Encrypts all secrets of a running server with another master key.")
    .addOption(urlOption())
    .addOption(profileOption())
    .option("--json", "print one JSON object")
    .addHelpText("after", example)
    .action(async (options: RotateOptions) => rotateMaster(options, context));
}

async function rotateMaster(options: RotateOptions, context: CommandContext): Promise<void> {
  const server = readApiServer(options, context);
  const totals: Counts = { keys: 0, apiKeys: 0, inboxes: 0, hooks: 0, subscriptions: 0 };
  let isNewKey = false;
  let masterKid = "";
  for (let after: string | null = null; ;) {
    const step = readStep(await post(server, after === null ? {} : { after }));
    isNewKey ||= step.newKey;
    ({ masterKid } = step);
    for (const part of parts) totals[part] += step.resealed[part];
    if (step.next === null) break;
    after = step.next;
  }
  if (options.json === true) {
    const line = { type: "master-key-rotated", masterKid, newKey: isNewKey, resealed: totals };
    context.stdout.write(`${JSON.stringify(line)}\n`);
    return;
  }
  const made = isNewKey ? "The server has made a new master key. Copy its file master.key to a safe place.\n" : "";
  const counts = parts.map((part) => `${totals[part]} ${labels[part]}`).join(", ");
  context.stdout.write(`${made}Encrypted again with the master key ${printableLine(masterKid)}: ${counts}.\n`);
}

const parts = Object.keys(labels) as (keyof typeof labels)[];

interface Step {
  readonly masterKid: string;
  readonly newKey: boolean;
  readonly resealed: Counts;
  readonly next: string | null;
}

function readStep(answer: unknown): Step {
  const { masterKid, newKey, resealed, next } = isRecord(answer) ? answer : {};
  const counts = isRecord(resealed) ? parts.map((part) => resealed[part]) : [];
  const isStep = typeof masterKid === "string" && typeof newKey === "boolean" && counts.length === parts.length;
  if (isStep && counts.every((count) => typeof count === "number") && (next === null || typeof next === "string")) {
    return { masterKid, newKey, resealed: resealed as Counts, next };
  }
  throw new CommandError("the server's response is no step of a rotation; is it a Ringback server?");
}

function post(server: ApiServer, json: object): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const body = Buffer.from(JSON.stringify(json));
  return send(server, { method: "POST", path: "/v1/keys/rotate-master", headers, body, timeoutMs: stepMsMax });
}
