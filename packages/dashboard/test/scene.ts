/**
 * `node --conditions=ringback-source packages/dashboard/test/scene.ts [--empty]`: a server with the dashboard, data and
 * receivers that misbehave, until Ctrl-C. Build the server before.
 */

import { temporaryFolder } from "../../server/test/harness/folder.ts";
import { startReceiver } from "../../server/test/harness/receiver.ts";
import { Server } from "../../server/test/harness/server.ts";
import { misbehave } from "./misbehaving-receiver.ts";
import { fillScene } from "./scene-data.ts";

await using folder = await temporaryFolder();
await using receiver = await startReceiver(misbehave);
await using server = await Server.start({ folder: folder.path });
if (!process.argv.includes("--empty")) await fillScene(server.api, receiver.url);
console.log(`receiver ${receiver.url}\ndashboard ${server.url}`);
await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
