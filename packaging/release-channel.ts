import { fileURLToPath } from "node:url";
import { channelOf } from "./channel.ts";
import { Repository } from "./repository.ts";

/** `node packaging/release-channel.ts 1.2.3`: prints the channel of a version, judged by the tags of the repository. */
const [version = ""] = process.argv.slice(2);
const tags = new Repository(fileURLToPath(new URL("..", import.meta.url))).git("tag", "--list", "v*").split("\n");
process.stdout.write(`${channelOf(version, tags)}\n`);
