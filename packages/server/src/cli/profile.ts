import { InvalidArgumentError, type Command } from "commander";
import { readProfiles, noProfiles, profilesPath, profilesText, type Profiles } from "../config/profiles.ts";
import { normalUrl } from "../config/server-url.ts";
import { collectBytes } from "./collect-bytes.ts";
import { CommandError, exitCodes } from "./command-error.ts";
import type { CommandContext } from "./context.ts";
import { jsonLine, printableLine } from "./printable.ts";
import { writePrivateFile } from "./private-file.ts";

const tokenBytesMax = 4096;

const example = `
Examples:
  $ ringback profile add production --url https://ringback.example.com < token.txt
  $ ringback profile use production
  $ ringback topics list --profile staging

The token of the API key is read from standard input, because every user of a machine can read command lines. It is
kept in a file that only you can read, and is never printed. --url beats the profile; RINGBACK_URL and RINGBACK_API_KEY
beat one that --profile does not name. The token of a profile is sent to the server of the profile only.
`;

interface AddOptions {
  readonly url: string;
  readonly account?: string;
}

export function addProfileCommand(program: Command, context: CommandContext): void {
  const group = program
    .command("profile")
    .summary("names for several servers")
    .description("Gives names to servers, with the API keys to use there.")
    .addHelpText("after", example);
  group
    .command("add")
    .description("Adds a profile, or replaces it. The first one is used by default.")
    .argument("<name>", "the profile's name", nameArgument)
    .requiredOption("--url <url>", "the server's URL", urlOption)
    .option("--account <name>", "the account, for an operator")
    .action(async (name: string, { url, account }: AddOptions) => {
      const token = await readToken(context);
      change(context, ({ current, profiles }) => ({
        current: current ?? name,
        profiles: new Map(profiles).set(name, { url, account: account ?? null, token }),
      }));
    });
  group
    .command("use")
    .description("Makes a profile the default.")
    .argument("<name>", "the profile's name")
    .action((name: string) => change(context, (all) => ({ ...all, current: existing(all, name) })));
  group
    .command("list")
    .description("Lists the profiles, without their tokens.")
    .option("--json", "print one JSON object per line")
    .action(({ json }: { readonly json?: true }) => list(context, json === true));
  group
    .command("remove")
    .aliases(["delete"])
    .description("Removes a profile.")
    .argument("<name>", "the profile's name")
    .action((name: string) =>
      change(context, (all) => {
        const profiles = new Map(all.profiles);
        profiles.delete(existing(all, name));
        return { current: all.current === name ? null : all.current, profiles };
      }),
    );
}

function list(context: CommandContext, json: boolean): void {
  const { current, profiles } = readProfiles(context);
  for (const [name, { url, account, token }] of profiles) {
    const isCurrent = name === current;
    const view = { name, url, account, hasToken: token !== null, current: isCurrent };
    const words = [isCurrent ? "*" : " ", name, url, account ?? "", token === null ? "no token" : ""];
    const text = printableLine(words.join(" ").trimEnd());
    context.stdout.write(`${json ? jsonLine(view) : text}\n`);
  }
}

function change(context: CommandContext, step: (profiles: Profiles) => Profiles): void {
  const path = profilesPath(context.env);
  if (path === null) throw new CommandError("there is no home folder for profiles; set HOME or XDG_CONFIG_HOME");
  writePrivateFile(path, profilesText(step(readProfiles(context) ?? noProfiles)));
}

function existing({ profiles }: Profiles, name: string): string {
  if (profiles.has(name)) return name;
  throw new CommandError(`there is no profile ${JSON.stringify(name)}`, { exitCode: exitCodes.misused });
}

/** A terminal has no token: the profile is for an open server, or the key comes from the environment. */
async function readToken({ stdin }: CommandContext): Promise<string | null> {
  if (stdin.isTTY === true) return null;
  const bytes = await collectBytes(stdin, tokenBytesMax);
  const token = bytes?.toString("utf8").trim() ?? " ";
  if (token === "") return null;
  if (/^[!-~]+$/.test(token)) return token;
  throw new CommandError("standard input: not a token such as rbk_…", { exitCode: exitCodes.misused });
}

function nameArgument(text: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(text)) return text;
  throw new InvalidArgumentError('Give letters, digits, ".", "_" and "-".');
}

function urlOption(text: string): string {
  const url = normalUrl(text);
  if (url !== null) return url;
  throw new InvalidArgumentError("Give an address such as https://ringback.example.com.");
}
