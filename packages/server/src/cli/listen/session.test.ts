import { describe, expect, it } from "vitest";
import { ApiError } from "../api-client.ts";
import type { ApiCaller } from "../api-caller.ts";
import { openSession, sessionLabel, type SessionProcess } from "./session.ts";
import { RingbackApiError } from "@ringback/sdk/client";

const settings = { topic: "t", types: ["a.*"], tags: [], where: null, visibilityMs: 1000, start: null };
const processOf = (pid: number): SessionProcess => ({ host: "m", pid, isAlive: (one) => one !== 1, nowMs: () => 0 });

/** A server with what a `listen` of the process 1 has left. */
function server() {
  const stored = new Map<string, { view: object; version: number }>();
  const put = (name: string, json: object) => {
    const version = (stored.get(name)?.version ?? 0) + 1;
    stored.set(name, { version, view: { ...json, name, topic: "t" } });
  };
  const labels = {
    [sessionLabel]: "yes",
    "ringback/listen-by": "m/1",
    "ringback/listen-until": "2026-01-01T00:00:00Z",
  };
  put("left", { filter: { types: ["a.*"], tags: [], where: null }, labels });
  const api: ApiCaller = async (method, path, json = {}, { ifMatch, onTag } = {}) => {
    if (path.startsWith("/v1/subscriptions?")) {
      return { items: Array.from(stored.values(), ({ view }) => view), next: null };
    }
    const name = path.split("/").at(-1) ?? "";
    const found = stored.get(name);
    if (ifMatch !== undefined && ifMatch !== String(found?.version)) {
      throw new ApiError(new RingbackApiError(412, null, "changed"));
    }
    if (method === "PUT") put(name, json);
    if (method === "DELETE") stored.delete(name);
    onTag?.(String(found?.version));
    return stored.get(name)?.view ?? null;
  };
  return { api, names: () => [...stored.keys()] };
}

describe("the session of a listen", () => {
  it("is taken over by one of two processes that start at the same time", async () => {
    const { api, names } = server();
    const sessions = await Promise.all([2, 3].map((pid) => openSession(api, settings, processOf(pid))));
    expect(sessions.filter(({ isResumed }) => isResumed)).toHaveLength(1);
    expect(names().toSorted()).toEqual(sessions.map(({ subscription }) => subscription).toSorted());
  });

  it("is kept for its hour by a listen of another topic or filter, for the next listen of its own", async () => {
    const { api, names } = server();
    for (const other of [{ types: ["b.*"] }, { topic: "u" }]) {
      const { isResumed } = await openSession(api, { ...settings, ...other }, processOf(3));
      expect([isResumed, names().includes("left")]).toEqual([false, true]);
    }
    expect(await openSession(api, settings, processOf(2))).toMatchObject({ subscription: "left", isResumed: true });
  });

  it("is deleted by a listen with a start of its own, but not if it was taken over meanwhile", async () => {
    const { api, names } = server();
    const other = { ...settings, start: "oldest" };
    const [same, different] = await Promise.all([
      openSession(api, settings, processOf(2)),
      openSession(api, other, processOf(3)),
    ]);
    expect([same.isResumed, different.isResumed]).toEqual([true, false]);
    expect(names()).toContain(same.subscription);
    const alone = server();
    await openSession(alone.api, other, processOf(3));
    expect(alone.names()).not.toContain("left");
  });
});
