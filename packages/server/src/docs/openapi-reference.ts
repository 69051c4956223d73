import { createTestApp } from "../api/testing/test-app.ts";
import { addTestApis } from "../compat/testing/test-gateway.ts";

/**
 * Returns the text of docs/reference/openapi.json, which is the response of a running server to `GET /openapi.json`.
 */
export async function openapiReference(version: string): Promise<string> {
  const testApp = await createTestApp();
  const { app } = testApp;
  await addTestApis(testApp);
  await app.ready();
  const document = app.swagger() as { info: { version: string } };
  await app.close();
  return `${JSON.stringify({ ...document, info: { ...document.info, version } }, null, 2)}\n`;
}
