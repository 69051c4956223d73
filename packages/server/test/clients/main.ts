/**
 * Runs every client of CMQ and TDMQ that docs/guide/from-cmq.md names against a server, on loopback, with the setting
 * that the guide gives. Prints a table, and fails unless every call was answered as the cloud answers it. The client of
 * a language that is not on this machine is skipped, and the table says so.
 *
 * A word as argument runs only the clients whose names contain it. `--record FILE` writes requests and answers of the
 * clients for other languages than Node, for `src/compat/cmq/foreign-clients.test.ts`.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { recordedSecretId, recordedSecretKey } from "../../src/compat/cmq/testing/recorded-requests.ts";
import { appId, withMasterKey } from "../harness/cmq/account.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { Server } from "../harness/server.ts";
import { type ForeignClient, foreignClients, guideHost, missingTools, programText } from "./foreign-clients.ts";
import { faultOf, type RecordingProxy, startRecordingProxy } from "./recording-proxy.ts";
import { type Vector, vectorsOf } from "./vectors.ts";

interface Row {
  readonly client: string;
  readonly version: string;
  readonly calls: number | string;
  readonly "as the cloud": number | string;
}

const guide = await readFile(new URL("../../../../docs/guide/from-cmq.md", import.meta.url), "utf8");
const { values: options, positionals } = parseArgs({ allowPositionals: true, options: { record: { type: "string" } } });
const [wanted = ""] = positionals;
const vectors: Vector[] = [];

await using folder = await temporaryFolder();
await using server = await Server.start({
  folder: folder.path,
  args: ["--account-app-id", String(appId)],
  env: withMasterKey(),
});
await server.api.ok("POST", "/v1/api-keys", {
  json: { name: "clients", secretId: recordedSecretId, secretKey: recordedSecretKey },
});
await using proxy = await startRecordingProxy(server.url);
const rows: Row[] = [];
let areAllAsTheCloud = true;
for (const client of foreignClients) {
  if (!client.name.includes(wanted)) continue;
  rows.push(await run(client, proxy));
}
console.table(rows);
if (options.record !== undefined) await writeFile(options.record, `${JSON.stringify(vectors, null, 2)}\n`);
process.exitCode = areAllAsTheCloud ? 0 : 1;

async function run(client: ForeignClient, { host, takeExchanges }: RecordingProxy): Promise<Row> {
  const { name, version } = client;
  const row = { client: name.replaceAll("`", ""), version };
  const missing = await missingTools(client);
  if (missing.length > 0) return { ...row, calls: `not run: needs ${missing.join(", ")}`, "as the cloud": "-" };
  const program = await programText(client);
  for (const setting of [...settingsOf(name), ...linesOfGuide(client.guideBlock)]) {
    if (!program.includes(setting)) throw new Error(`the program of ${name} does not contain the guide's ${setting}`);
  }
  const command = await client.prepare(program.replaceAll(guideHost, host));
  const env = { ...process.env, ...command.env, SECRET_ID: recordedSecretId, SECRET_KEY: recordedSecretKey };
  const child = spawn(command.file, command.args, { cwd: command.cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  const lines = output.split("\n").filter((line) => /^(?:ok|FAIL) /.test(line));
  const failures = lines.filter((line) => line.startsWith("FAIL "));
  const exchanges = takeExchanges();
  // The ordinary tests run the clients for Node themselves.
  if (!name.startsWith("Node")) vectors.push(...vectorsOf(row.client, exchanges));
  const faults = exchanges.flatMap((exchange) => faultOf(exchange) ?? []);
  for (const line of [...failures, ...faults]) console.error(`${row.client}: ${line}`);
  if (child.exitCode !== 0 || lines.length === 0) {
    console.error(`${row.client} ended with ${child.exitCode}\n${errors}`);
    areAllAsTheCloud = false;
  }
  if (failures.length + faults.length > 0) areAllAsTheCloud = false;
  return { ...row, calls: lines.length, "as the cloud": lines.length - failures.length };
}

/** Returns the code in the second column of the client's row in the guide's table. */
function settingsOf(name: string): readonly string[] {
  const row = guide.split("\n").find((line) => line.startsWith(`| ${name} |`));
  if (row === undefined) throw new Error(`the guide has no row for ${name}`);
  return Array.from(row.slice(name.length + 4).matchAll(/`([^`]+)`/g), ([, code = ""]) => code);
}

/** Returns the lines of the guide's code block in this language. */
function linesOfGuide(language: string | undefined): readonly string[] {
  if (language === undefined) return [];
  const code = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m").exec(guide)?.[1];
  if (code === undefined) throw new Error(`the guide has no code in ${language}`);
  return code.split("\n").filter((line) => line !== "");
}
