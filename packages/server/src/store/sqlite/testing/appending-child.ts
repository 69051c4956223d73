/** Opens the given folder, appends messages until it is killed, and prints the position of every acknowledged one. */
import { message, settings, topicSettings } from "../../contract/fixtures.ts";
import { SqliteStore } from "../sqlite-store.ts";
import { storeOptions } from "./store-options.ts";

const PUBLISHERS = 8;
const [folder] = process.argv.slice(2);
const store = await SqliteStore.open(storeOptions(folder as string));
const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
await store.catalog.putSubscription(topic.id, "reader", settings(), "now");
process.stdout.write("ready\n");

async function publish(publisher: number): Promise<void> {
  for (let number = 0; ; number++) {
    const texts = Array.from({ length: 1 + (number % 3) }, (_, part) => `${publisher}.${number}.${part}`);
    const messages = texts.map((text) => message(text));
    const { firstSeq } = await store.log.append({ topicId: topic.id, messages, idempotency: null });
    process.stdout.write(texts.map((text, part) => `${firstSeq + part} ${text}\n`).join(""));
  }
}

await Promise.all(Array.from({ length: PUBLISHERS }, (_, publisher) => publish(publisher)));
