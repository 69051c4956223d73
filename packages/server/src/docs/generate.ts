/**
 * Run by `npm run generate`. Writes the reference pages that are generated from the code, the types of the client,
 * and the schemas of the dashboard's forms.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { apiTypes } from "../../../../codegen/src/api-types.ts";
import { commandLineReference } from "../cli/reference.ts";
import { configurationReference } from "../config/reference.ts";
import { cmqReference } from "./cmq-reference.ts";
import { errorReference } from "./error-reference.ts";
import { formSchemas } from "./form-schemas.ts";
import { metricsReference } from "./metrics-reference.ts";
import { openapiReference } from "./openapi-reference.ts";

export interface ReferenceFile {
  readonly url: URL;
  readonly text: string;
}

const folder = new URL("../../../../docs/reference/", import.meta.url);
const formsFolder = new URL("../../../dashboard/src/forms/generated/", import.meta.url);
const clientFolder = new URL("../../../sdk/src/client/generated/", import.meta.url);

export async function referenceFiles(): Promise<readonly ReferenceFile[]> {
  const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const openapi = await openapiReference(version);
  return [
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

if (import.meta.main) {
  await mkdir(folder, { recursive: true });
  for (const { url, text } of await referenceFiles()) {
    await writeFile(url, text);
    process.stdout.write(`${fileURLToPath(url)}\n`);
  }
}
