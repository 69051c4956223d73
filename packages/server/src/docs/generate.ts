/**
 * Run by `npm run generate`. Writes the reference pages that are generated from the code, the types of the client,
 * and the schemas of the dashboard's forms.
 */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { apiTypes } from "../../../../codegen/src/api-types.ts";
import { commandLineReference } from "../cli/reference.ts";
import { configurationReference } from "../config/reference.ts";
import { apiPages } from "./api-pages.ts";
import { cmqReference } from "./cmq-reference.ts";
import { databaseReference } from "./database-reference.ts";
import { decisionList } from "./decision-list.ts";
import { errorPages } from "./error-pages.ts";
import { errorReference } from "./error-reference.ts";
import { formSchemas } from "./form-schemas.ts";
import { metricsReference } from "./metrics-reference.ts";
import type { OpenapiDocument } from "./openapi-document.ts";
import { openapiReference } from "./openapi-reference.ts";

export interface ReferenceFile {
  readonly url: URL;
  readonly text: string;
}

export const folder = new URL("../../../../docs/reference/", import.meta.url);
const decisions = new URL("../../../../docs/adr/", import.meta.url);
const tables = new URL("../store/postgres/schema/tables/", import.meta.url);
const formsFolder = new URL("../../../dashboard/src/forms/generated/", import.meta.url);
const clientFolder = new URL("../../../sdk/src/client/generated/", import.meta.url);

export async function referenceFiles(): Promise<readonly ReferenceFile[]> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const openapi = await openapiReference(version);
  const document = JSON.parse(openapi) as OpenapiDocument;
  const pages = [...apiPages(document), ...errorPages(document)];
  return [
    ...pages.map(({ path, text }) => ({ url: new URL(path, folder), text })),
    { url: new URL("database.md", folder), text: databaseReference(await postgresTables()) },
    { url: new URL("decisions.md", folder), text: decisionList(await textsIn(decisions)) },
    { url: new URL("errors.md", folder), text: errorReference() },
    { url: new URL("configuration.md", folder), text: configurationReference() },
    { url: new URL("metrics.md", folder), text: metricsReference() },
    { url: new URL("cmq.md", folder), text: cmqReference() },
    { url: new URL("command-line.md", folder), text: commandLineReference() },
    { url: new URL("openapi.json", folder), text: openapi },
    { url: new URL("openapi.ts", clientFolder), text: await apiTypes(openapi) },
    { url: new URL("schemas.json", formsFolder), text: formSchemas(openapi) },
  ];
}

async function postgresTables(): Promise<string> {
  return (await textsIn(tables)).map(([, text]) => text).join("\n");
}

async function textsIn(files: URL): Promise<(readonly [name: string, text: string])[]> {
  const names = (await readdir(files)).sort();
  return Promise.all(names.map(async (name) => [name, await readFile(new URL(name, files), "utf8")] as const));
}

if (import.meta.main) {
  // Pages of what no longer exists must not stay.
  for (const name of ["api/", "errors/"]) {
    await rm(new URL(name, folder), { recursive: true, force: true });
    await mkdir(new URL(name, folder), { recursive: true });
  }
  for (const { url, text } of await referenceFiles()) {
    await writeFile(url, text);
    process.stdout.write(`${fileURLToPath(url)}\n`);
  }
}
