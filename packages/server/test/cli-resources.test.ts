/**
 * Real: the server, its database, sockets, the commands with files and standard input. Commands run inside the test's
 * process where the test needs no process of its own.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandInProcess, startCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { runCommand } from "../src/cli/testing/command-process.ts";
import type { CommandInput } from "../src/cli/testing/command-process.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { isInstalled } from "./harness/program.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until } from "./harness/until.ts";

const server = useServer();

/** Runs a command that must succeed, and returns what it printed. */
async function ok(line: string, input: CommandInput = {}): Promise<string> {
  const { code, stdout, stderr } = await run(line, input);
  if (code !== 0) throw new Error(`${line}: ${stderr}`);
  return stdout;
}

function run(line: string, { env = {}, ...input }: CommandInput = {}) {
  return runCommandInProcess(line.split(" "), { ...input, env: { RINGBACK_URL: server().url, ...env } });
}

/** Runs a command that must fail, and returns its exit code and what it printed. */
const failed = async (line: string, input?: CommandInput) => {
  const { code, stdout, stderr } = await run(line, input);
  return [code, stdout, stderr];
};

const jsonLines = (text: string): unknown[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown);

describe("the commands of resources", () => {
  it("create, change, show, list and delete what has a name", async () => {
    await ok("topics put made --set retentionMs=3600000 --set labels.team=a\\.b");
    await ok('topics patch made --set labels.x="5" --set description=5€');
    const [topic] = jsonLines(await ok("topics get made --json"));
    expect(topic).toMatchObject({ retentionMs: 3600000, labels: { team: "a\\.b", x: "5" }, description: "5€" });
    await ok("subscriptions put made s -f -", { stdin: "pull: {visibilityMs: 5000}\nfilter:\n  types: [a.*]\n" });
    expect(await ok("subscriptions get made s")).toMatch(
      /^name: s\ntopic: made\nstate: active\n[^]*visibilityMs: 5000\n/,
    );
    const table = await ok("subscriptions list made");
    expect(table).toMatch(/^TOPIC +NAME +STATE +HEALTH +BACKLOG +PARKED +DEAD\nmade +s +active +healthy +0 +0 +0\n$/);
    expect(await ok("subscriptions list --name s --quiet")).toBe("s\n");
    expect(await ok("topics list --label team=a\\.b --quiet")).toBe("made\n");
    expect(await ok("subscriptions pause made s --json")).toContain('"state":"paused"');
    expect(await ok("subscriptions delete made s")).toBe("deleted: made s\n");
    expect(await ok("topics delete made --quiet")).toBe("");
  });

  it("fail with one line, the sentence of the API and a code that says why", async () => {
    const missing = 'ringback: topic_not_found (404): There is no topic "gone".\n';
    expect(await failed("topics get gone")).toEqual([4, "", missing]);
    expect(await failed("topics put t --set colour=red")).toEqual([1, "", expect.stringMatching(/^.*colour.*\n$/)]);
    expect(await failed("topics get ..")).toEqual([2, "", 'ringback: ".." is not a name\n']);
    expect(await failed("topics put t --set x")).toEqual([2, "", expect.stringContaining("Give path=value")]);
    expect(await failed("topics put t -f -", { stdin: "a: [" })).toEqual([
      2,
      "",
      expect.stringMatching(/^ringback: standard input:1: not valid YAML.*\n$/),
    ]);
    expect(await failed("dead-letters list t")).toEqual([
      2,
      "",
      expect.stringContaining("list takes nothing, or <topic>"),
    ]);
    expect(await failed("topics list", { env: { RINGBACK_URL: "http://127.0.0.1:9" } })).toEqual([
      1,
      "",
      expect.stringContaining("cannot reach http://127.0.0.1:9"),
    ]);
  });

  it("keep the digits of long numbers, and show control characters harmlessly", async () => {
    await using receiver = await startReceiver();
    await ok(`hooks put digits --set urls=["${receiver.url}/"] --set protocol=json`);
    await ok("hooks call digits -f -", { stdin: '{"n": 9007199254740993}' });
    await ok("hooks call digits --set n=9007199254740993");
    await ok("hooks call digits -f - --set o.p=[9007199254740995]", { stdin: '{"n": 9007199254740993}' });
    for (const { text } of receiver.arrivals) expect(text).toContain("9007199254740993");
    expect(receiver.arrivals[2]?.text).toBe('{"n":9007199254740993,"o":{"p":[9007199254740995]}}');
    await receiver[Symbol.asyncDispose]();
    // The outcome of a hook that cannot be reached has what the hook was called with.
    for (const form of ["--timeout 30s", "--json"]) {
      expect(await ok(`hooks call digits --set n=9007199254740993 ${form}`)).toMatch(/"?n"?: ?9007199254740993/);
    }
    await ok("topics put shown --set description=\u001b[31mred");
    for (const line of ["topics list", "topics get shown", "topics list --json"]) {
      expect(await ok(line)).not.toContain("\u001b");
    }
  });

  it("fail if the endpoint or the expression that they test does", async () => {
    let status = 503;
    await using receiver = await startReceiver(() => status);
    await ok("topics put tested");
    await ok(`subscriptions put tested s --set push.url=${receiver.url}/`);
    const no = "the endpoint has not accepted the message";
    expect(await failed("subscriptions test tested s")).toEqual([
      1,
      expect.stringContaining("verdict: failed"),
      expect.stringContaining(`${no}: status 503`),
    ]);
    status = 204;
    expect(await ok("subscriptions test tested s")).toContain("verdict: accepted");
    await receiver[Symbol.asyncDispose]();
    expect((await failed("subscriptions test tested s"))[2]).toContain(`${no}: connect ECONNREFUSED`);
    expect(await ok("expressions test --expression data.a --set message.body.a=1")).toBe("result: 1\n");
    expect(await failed("expressions test --expression data.b --set message.body.a=1 --json")).toEqual([
      1,
      expect.stringContaining("field not found: b"),
      expect.stringContaining("the expression has failed for this message"),
    ]);
  });

  it("find out why a delivery failed, and mend it", async () => {
    let status = 500;
    await using receiver = await startReceiver(() => status);
    await ok("topics put mended");
    await ok(`subscriptions put mended s --set push.url=${receiver.url}/hook --set retry=none`);
    const id = (await ok("messages publish mended hello --type order.paid --attribute tier=gold")).trim();
    const { api } = server();
    await until(
      "it is dead",
      () => api.counts("mended", "s"),
      ({ deadLetters }) => deadLetters === 1,
    );
    expect(await ok("attempts list mended s")).toMatch(/^MESSAGE[^]*failed +500 /);
    expect(jsonLines(await ok("attempts list mended s --only failed --json"))).toMatchObject([
      { messageId: id, status: 500 },
    ]);
    expect(await ok("messages list mended --type order.paid --quiet")).toBe(`${id}\n`);
    expect(await ok("messages list mended --attribute tier:gold --quiet")).toBe(`${id}\n`);
    expect(await ok("messages list --help")).toContain("--attribute <name:value>");
    expect(await ok("messages list mended --type other")).toBe("");
    expect(jsonLines(await ok("replays create mended s --from 1h --only failed --dry-run --json"))).toMatchObject([
      { matched: 1 },
    ]);
    const redrive = "dead-letters redrive mended s --dry-run --json --status";
    expect(jsonLines(await ok(`${redrive} 503 --status 500`))).toMatchObject([{ matched: 1 }]);
    expect(jsonLines(await ok(`${redrive} 503`))).toMatchObject([{ matched: 0 }]);
    status = 200;
    const [dead] = jsonLines(await ok("dead-letters list mended s --json")) as { id: string }[];
    expect(await ok(`dead-letters redrive mended s ${dead?.id} --json`)).toBe('{"count":1}\n');
    await until(
      "it has arrived",
      () => receiver.arrivals.length,
      (count) => count === 2,
    );
    const [replay] = jsonLines(await ok("replays create mended s --from oldest --target s --order live --json")) as {
      id: string;
    }[];
    const watched = jsonLines(await ok(`replays watch ${replay?.id} --json`)) as { endedAt: string | null }[];
    expect(watched.at(-1)).toMatchObject({ endedAt: expect.any(String), sent: 1 });
    expect(JSON.parse(await ok("subscriptions test mended s --json"))).toMatchObject({ verdict: "accepted" });
  });

  it("follow a list: each item once, and again when it has changed", async () => {
    const { api } = server();
    await api.putTopic("watched");
    await api.subscribe("watched", "one", { pull: {} });
    const watching = startCommandInProcess(
      ["subscriptions", "list", "watched", "--watch", "20ms", "--json", "--url", server().url],
      { env: {} },
    );
    await watching.stdoutMatch(/"one"/);
    await api.subscribe("watched", "two", { pull: {} });
    await watching.stdoutMatch(/"two"/);
    await api.ok("POST", "/v1/topics/watched/subscriptions/one/pause");
    await watching.stdoutMatch(/"one".*"paused"/);
    watching.signal("SIGINT");
    const { code, stdout } = await watching.ended;
    const names = (jsonLines(stdout) as { name: string }[]).map(({ name }) => name);
    expect([code, names]).toEqual([0, ["one", "two", "one"]]);
  });

  it("read all pages of what has a name, and the newest of what was recorded", async () => {
    const { api } = server();
    await api.putTopic("long");
    await api.publishBatch(
      "long",
      Array.from({ length: 150 }, () => ({ body: "x" })),
    );
    const { stdout, stderr } = await run("messages list long --quiet");
    expect([stdout.split("\n").length - 1, stderr]).toEqual([100, "There are more; --all shows them.\n"]);
    expect((await ok("messages list long --quiet --all")).split("\n").length - 1).toBe(150);
    expect((await ok("messages list long --quiet --limit 3")).split("\n").length - 1).toBe(3);
  });
});

describe("ringback apply and diff", () => {
  const file = `
listen: 127.0.0.1:9000
topics:
  applied:
    retentionMs: 600000000
    subscriptions:
      billing:
        push: {url: "http://127.0.0.1:9/", headers: {x-key: secret-value}}
        filter: {types: [invoice.*]}
hooks:
  veto: {urls: ["http://127.0.0.1:9/veto"], protocol: json}
eventTypes:
  invoice.paid: {schema: {type: object, required: [id]}, example: {id: in_17}}
inboxes:
  arrivals:
`;

  it("show the changes, make them once, and delete only when asked", async () => {
    const stdin = file;
    const account = "--account applied";
    await ok("accounts put applied");
    const actions = async (line: string, given = stdin) => {
      const { code, stdout } = await run(`${line} -f - --json ${account}`, { stdin: given });
      const changes = jsonLines(stdout) as { action: string; resource: string; differences: object[] }[];
      return [code, ...changes.map(({ action, resource }) => `${action} ${resource}`)];
    };
    const created = [
      "create hooks/veto",
      "create event-types/invoice.paid",
      "create topics/applied",
      "create topics/applied/subscriptions/billing",
      "create inboxes/arrivals",
    ];
    expect(await actions("diff")).toEqual([3, ...created]);
    expect(await actions("apply")).toEqual([0, ...created]);
    const unchanged = created.map((line) => line.replace("create", "unchanged"));
    expect(await actions("diff")).toEqual([0, ...unchanged]);
    expect(await actions("apply")).toEqual([0, ...unchanged]);
    const changed = stdin.replace("600000000", "500000000").replace("invoice.*", "order.*");
    const diff = await run(`diff -f - ${account}`, { stdin: changed });
    expect(diff.stdout).toContain("~ topics/applied\n    retentionMs: 600000000 → 500000000\n");
    expect(diff.stdout).toContain('    filter.types: ["invoice.*"] → ["order.*"]\n');
    expect(diff.stdout + diff.stderr).not.toContain("secret-value");
    await ok(`topics put applied2 ${account}`);
    await ok(`subscriptions put applied other --set pull={} ${account}`);
    expect((await actions("apply", changed)).filter((line) => String(line).startsWith("delete"))).toEqual([]);
    const pruned = (await actions("apply --prune", changed)).filter((line) => String(line).startsWith("delete"));
    expect(pruned).toEqual(["delete topics/applied/subscriptions/other", "delete topics/applied2"]);
    expect(await ok(`topics list --quiet ${account}`)).toBe("applied\nringback.events\n");
  });

  it("refuse a file before anything is changed, with its line", async () => {
    const faulty = await run("apply -f -", { stdin: "topics:\n  early: {}\n  late: {retentionMs: 1}\n" });
    expect([faulty.code, faulty.stderr]).toEqual([
      2,
      expect.stringMatching(/^ringback: standard input:3: retentionMs: .*\n$/),
    ]);
    expect((await run("topics get early")).code).toBe(4);
    const refused = await run("apply -f -", {
      stdin:
        "topics:\n  early:\n    subscriptions:\n      s:\n        push: {url: 'http://a/', protocol: standard-webhooks, keys: [none]}\n",
    });
    expect([refused.code, refused.stderr.split("\n", 2)]).toEqual([
      1,
      [
        "1 created, 0 changed, 0 deleted, 0 unchanged; 1 of the file's resources were not applied.",
        expect.stringMatching(/^ringback: standard input:4: .*none/),
      ],
    ]);
  });
});

describe("ringback profile", () => {
  it("keeps servers and tokens in a private file; flags beat variables, and variables the default profile", async () => {
    await using folder = await temporaryFolder();
    const env = { XDG_CONFIG_HOME: folder.path };
    const as = (line: string, stdin = "", more = {}) =>
      runCommandInProcess(line.split(" "), { env: { ...env, ...more }, stdin });
    await as(`profile add here --url ${server().url}`, "rbk_wrong\n");
    await as("profile add dead --url http://127.0.0.1:9");
    const path = join(folder.path, "ringback", "profiles.json");
    expect([statSync(path).mode & 0o777, statSync(join(folder.path, "ringback")).mode & 0o777]).toEqual([0o600, 0o700]);
    const listed = await as("profile list");
    expect(listed.stdout).toBe(`* here ${server().url}\n  dead http://127.0.0.1:9  no token\n`);
    expect((await as("topics list")).stderr).toContain("(401)");
    expect((await as("topics list --profile dead")).stderr).toContain("cannot reach http://127.0.0.1:9");
    expect((await as("topics list", "", { RINGBACK_PROFILE: "dead" })).stderr).toContain("cannot reach");
    const elsewhere = { RINGBACK_URL: "http://127.0.0.1:9" };
    expect((await as("topics list --profile here", "", elsewhere)).stderr).toContain("(401)");
    expect((await as("topics list", "", elsewhere)).stderr).toContain("cannot reach http://127.0.0.1:9");
    // The token of a profile goes to its own server only.
    expect((await as(`topics list --profile dead --url ${server().url}`)).code).toBe(0);
    await as(`profile add here --url ${server().url}`);
    expect((await as("topics list")).code).toBe(0);
    expect((await as("topics list --profile none")).stderr).toBe(
      'ringback: --profile: there is no profile "none"; the profiles are "here", "dead"\n',
    );
    expect([(await as("profile use dead")).code, (await as("topics list")).code]).toEqual([0, 1]);
    await as("profile remove dead");
    expect((await as("profile list --json")).stdout).toBe(
      `${JSON.stringify({ name: "here", url: server().url, account: null, hasToken: false, current: false })}\n`,
    );
  });

  it("says so when its file is damaged", async () => {
    await using folder = await temporaryFolder();
    mkdirSync(join(folder.path, "ringback"));
    writeFileSync(join(folder.path, "ringback", "profiles.json"), "{rbk_secret");
    const { code, stderr } = await runCommandInProcess(["topics", "list"], { env: { XDG_CONFIG_HOME: folder.path } });
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^ringback: .*the file is damaged.*\n$/)]);
    expect(stderr).not.toContain("secret");
  });
});

describe("ringback completion", () => {
  it.each(["bash", "zsh", "fish"])("prints a script that %s can read", async (shell) => {
    const { code, stdout } = await runCommand(["completion", shell]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("dead-letters redrive")]);
    if (!(await isInstalled(shell))) return;
    expect(spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  it("completes commands and options in bash", async ({ skip }) => {
    if (!(await isInstalled("bash"))) skip("there is no bash");
    const { stdout } = await runCommandInProcess(["completion", "bash"]);
    const complete = (...words: readonly string[]): string[] => {
      const line = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _ringback; echo "\${COMPREPLY[@]}"`;
      return spawnSync("bash", ["-c", line], { encoding: "utf8" }).stdout.trim().split(" ");
    };
    expect(complete("ringback", "dead")).toEqual(["dead-letters"]);
    expect(complete("ringback", "subscriptions", "re")).toEqual(["resume", "rewind"]);
    expect(complete("ringback", "replays", "create", "orders", "s", "--dry")).toEqual(["--dry-run"]);
  });
});
