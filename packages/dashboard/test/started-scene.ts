import { temporaryFolder } from "../../server/test/harness/folder.ts";
import { startReceiver } from "../../server/test/harness/receiver.ts";
import { startServerInProcess, type RunningServer } from "../../server/test/harness/server.ts";
import { until } from "../../server/test/harness/until.ts";
import { misbehave } from "./misbehaving-receiver.ts";
import { fillScene } from "./scene-data.ts";

/** A server with data for every screen, whose deliveries have come to their end. */
export interface Scene extends AsyncDisposable {
  readonly server: RunningServer;
  readonly receiverUrl: string;
  readonly ids: SceneIds;
}

/** The ids that the server chose. */
export interface SceneIds {
  readonly message: string;
  readonly hostileMessage: string;
  /** A failed attempt of the subscription crm, whose request and reply are kept. */
  readonly attempt: string;
  readonly replay: string;
}

interface Listed {
  readonly items: readonly { readonly id: string }[];
}

export async function startScene(): Promise<Scene> {
  await using starting = new AsyncDisposableStack();
  const { path: folder } = starting.use(await temporaryFolder());
  const receiver = starting.use(await startReceiver(misbehave));
  const server = starting.use(await startServerInProcess({ folder }));
  await fillScene(server.api, receiver.url);
  const ids = await settledIds(server);
  const started = starting.move();
  return { server, receiverUrl: receiver.url, ids, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

async function keptAttempt(api: RunningServer["api"]): Promise<string> {
  const attempts = "/v1/topics/invoices/subscriptions/crm/attempts";
  const { items } = await api.ok<Listed>("GET", `${attempts}?only=failed&limit=200`);
  const isKept = async (id: string): Promise<boolean> => {
    return (await api.ok<{ readonly exchange: unknown }>("GET", `${attempts}/${id}`)).exchange !== null;
  };
  return until(
    "the request of an attempt is kept",
    async () => {
      for (const { id } of items) if (await isKept(id)) return id;
      return "";
    },
    (id) => id !== "",
  );
}

async function settledIds({ api }: RunningServer): Promise<SceneIds> {
  const dead = async (topic: string, name: string): Promise<number> => (await api.counts(topic, name)).deadLetters;
  await until(
    "crm has dead letters",
    () => dead("invoices", "crm"),
    (count) => count > 0,
  );
  await until(
    "page has a dead letter",
    () => dead("hostile", "page"),
    (count) => count > 0,
  );
  const newest = async (topic: string): Promise<string> => {
    const { items } = await api.ok<Listed>("GET", `/v1/topics/${topic}/messages?limit=1`);
    return items[0]?.id ?? "";
  };
  const path = "/v1/topics/invoices/subscriptions/accounting/replays";
  const { id: replay } = await api.ok<{ readonly id: string }>("POST", path, { json: { from: "oldest" } });
  const attempt = await keptAttempt(api);
  return { message: await newest("invoices"), hostileMessage: await newest("hostile"), attempt, replay };
}
