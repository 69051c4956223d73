import { createTestApp } from "../api/testing/test-app.ts";
import { addTestApis } from "../compat/testing/test-gateway.ts";

/** docs/reference/openapi.json: what a running server gives as /openapi.json. */
export async function openapiReference(version: string): Promise<string> {
  const testApp = await createTestApp();
  const { app } = testApp;
  await addTestApis(testApp);
  await app.ready();
  const document = app.swagger() as { info: { version: string } };
  await app.close();
  return `${JSON.stringify({ ...document, info: { ...document.info, version } }, null, 2)}\n`;
}
