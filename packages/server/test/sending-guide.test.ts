/**
 * Real: the commands of docs/guide/sending-webhooks.md in one shell, the server, `ringback receive`, which verifies
 * every signature. Replaced: the ports.
 */
import { expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { refusing } from "./harness/dead-endpoints.ts";
import { freePort } from "./harness/free-port.ts";
import { isInstalled } from "./harness/program.ts";
import { readmeReceiver, readmeServer, sectionCommands } from "./harness/readme.ts";
import { useServer } from "./harness/running-server.ts";
import { ShellSession } from "./harness/shell-session.ts";
import { until } from "./harness/until.ts";

const guide = "docs/guide/sending-webhooks.md";
const server = useServer();

interface Answer {
  readonly id: string;
  readonly secret: string;
  readonly state: string;
  readonly items: readonly object[];
  readonly deliveries: readonly { readonly state: string; readonly attempts: readonly object[] }[];
}

it("at most twelve commands send a webhook, show why it fails, mend it, and send it again", async (test) => {
  if (!(await isInstalled("curl"))) test.skip("there is no curl on this machine");
  const commands = sectionCommands("In a shell", guide);
  expect(commands).toHaveLength(12);
  const [account = "", define = "", type, topic, subscription, receive, publish = "", ...mending] = commands;
  const [why, mend, check, sendAgain, message] = mending;
  await using wrong = await refusing();
  await using shell = new ShellSession();
  const receiver = `127.0.0.1:${await freePort()}`;
  const typed = (command: string): string =>
    command
      .replaceAll(readmeServer, new URL(server().url).host)
      .replaceAll(readmeReceiver, receiver)
      .replaceAll("127.0.0.1:9001", new URL(wrong.url).host);
  const run = async (command = ""): Promise<Answer> => JSON.parse(await shell.run(typed(command))) as Answer;

  expect(await shell.run(typed(`${account} --silent`))).toContain('"name":"acme"');
  expect(await shell.run(typed(define))).toBe("");
  expect(await run(type)).toMatchObject({ type: "invoice.paid" });
  expect(await run(topic)).toMatchObject({ accepts: { types: "listed", bodies: "valid" } });
  const { secret } = await run(subscription);
  expect(receive).toBe("npx ringback receive --secret whsec_…");
  const received = startCommand(["receive", "--secret", secret, "--listen", receiver, "--json"]);
  try {
    await received.stdoutMatch(/"url":/);
    expect(await shell.run(typed(publish))).toBe("");
    const failed = await until(
      "the failed attempt is recorded",
      () => run(why),
      ({ items }) => items.length > 0,
    );
    const errorDetail = `connect ECONNREFUSED ${new URL(wrong.url).host}`;
    expect(failed.items[0]).toMatchObject({ errorCode: "connect_refused", errorDetail });
    expect(await run(mend)).toMatchObject({ push: { url: `http://${receiver}/webhook` } });
    expect(await run(check)).toMatchObject({ verdict: "accepted", reply: { status: 204 } });
    expect(await run(sendAgain)).toHaveProperty("outcome");
    const { id, deliveries } = await until(
      "the message has been delivered",
      () => run(message),
      (found) => found.deliveries[0]?.state === "delivered",
    );
    expect(deliveries[0]?.attempts.length).toBeGreaterThan(1);
    await received.stdoutMatch(new RegExp(`"protocol":"standard-webhooks".*"messageId":"${id}"`));

    const [invalid, rotate, retries, health, replay] = ["Event types", "Signing", "Retries", "Failing endpoints"]
      .concat("Sending again")
      .flatMap((title) => sectionCommands(title, guide));
    const detail = 'body: at "/data/amount": must be integer (event type invoice.paid, version 1)';
    expect(await run(invalid)).toMatchObject({ code: "invalid_body", detail });
    expect((await run(rotate)).secret).not.toBe(secret);
    expect(await run(retries)).toMatchObject({ retry: { delaysMs: [5000, 60_000, 3_600_000, 86_400_000] } });
    expect(await run(health)).toMatchObject({ state: "active", health: "healthy", failing: null });
    // The receiver has the old secret only.
    expect(await run(replay)).toMatchObject({ state: "running" });
    await received.stdoutMatch(new RegExp(`("messageId":"${id}"[^]*){2}`));
  } finally {
    received.signal("SIGTERM");
    const { stdout } = await received.ended;
    expect(stdout).not.toContain('"status":401');
  }
});
