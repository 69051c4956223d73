/** Calls koipy's three callbacks from a program, without a Ringback server, and prints the outcomes. */
import { createHooks } from "@ringback/sdk/hooks";

const [callbacks = "http://127.0.0.1:8080"] = process.argv.slice(2);

const hooks = createHooks({
  onMessage: `${callbacks}/onMessage`,
  onPreSend: `${callbacks}/onPreSend`,
  onResult: { urls: [`${callbacks}/onResult`], timeoutMs: 10_000, onError: "continue" },
});

const payload = {
  message: { from_user: { username: process.argv[3] ?? "somebody" } },
  config: {},
  slaveRequest: {},
  result: { 节点名称: ["香港 01", "日本 02"], HTTP延迟: [31, 58] },
  addons: {},
};

for (const hook of ["onMessage", "onPreSend", "onResult"] as const) {
  const { action, reason, attachments, data } = await hooks.call(hook, payload);
  const shown = attachments.map(({ kind, contentType, body }) => `${kind} ${contentType ?? ""} ${body.length} bytes`);
  console.log(
    hook,
    action,
    reason?.slice(0, 60) ?? "-",
    shown.join(", ") || "-",
    Object.keys((data as typeof payload).result).join(" "),
  );
}
