import { Argument, type Command, type Option } from "commander";
import type { CommandContext } from "./context.ts";

const example = `
Examples:
  $ ringback completion bash > ~/.local/share/bash-completion/completions/ringback
  $ ringback completion zsh > "\${fpath[1]}/_ringback"
  $ ringback completion fish > ~/.config/fish/completions/ringback.fish
`;

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

export function addCompletionCommand(program: Command, { stdout }: CommandContext): void {
  program
    .command("completion")
    .summary("print the completion script of a shell")
    .description("Prints a script with which a shell completes commands and options.")
    .addArgument(new Argument("<shell>", "the shell").choices(shells))
    .addHelpText("after", example)
    .action((shell: Shell) => void stdout.write(completionScript(program, shell)));
}

/** A command with the words that can follow it. */
interface Branch {
  /** Words from the program on, such as `topics list`; empty for the program. */
  readonly path: string;
  readonly words: readonly Word[];
}

interface Word {
  readonly word: string;
  readonly about: string;
  /** The values of an option with choices. */
  readonly values: readonly string[];
  readonly kind: "command" | "option";
}

/** Texts come from the program only, and contain no names of users or servers. */
export function completionScript(program: Command, shell: Shell): string {
  const branches = branchesOf(program, []);
  return { bash, zsh, fish }[shell](branches);
}

function branchesOf(command: Command, path: readonly string[]): readonly Branch[] {
  const commands = command.commands.map((one): Word => ({
    word: one.name(),
    about: one.summary() || one.description(),
    values: [],
    kind: "command",
  }));
  const options = [...command.options.map(optionWord), helpWord];
  const below = command.commands.flatMap((one) => branchesOf(one, [...path, one.name()]));
  return [{ path: path.join(" "), words: [...commands, ...options] }, ...below];
}

const helpWord: Word = { word: "--help", about: "display help for command", values: [], kind: "option" };

function optionWord({ long, short, description, argChoices }: Option): Word {
  return { word: long ?? short ?? "", about: description, values: argChoices ?? [], kind: "option" };
}

/** All text between single quotes is taken by the shells as it is. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Finds the path of the command line: each word that is a command below the command before it. */
function bash(branches: readonly Branch[]): string {
  const paths = branches.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  const cases = branches.map(
    ({ path, words }) => `    ${quoted(path)}) words=${quoted(words.map(({ word }) => word).join(" "))} ;;`,
  );
  const values = branches.flatMap(({ path, words }) =>
    words.flatMap(({ word, values: known }) =>
      known.length === 0 ? [] : [`    ${quoted(`${path} ${word}`)}) words=${quoted(known.join(" "))} ;;`],
    ),
  );
  return `# bash completion of ringback
_ringback() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${path:+$path }$word" in
    ${paths.join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "$path $previous" in
${values.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ringback ringback
`;
}

function described({ word, about }: Word): string {
  return quoted(`${word.replaceAll(":", "\\:")}:${about}`);
}

function zsh(branches: readonly Branch[]): string {
  const paths = branches.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  const cases = branches.map(
    ({ path, words }) => `    ${quoted(path)}) entries=(${words.map(described).join(" ")}) ;;`,
  );
  return `#compdef ringback
# zsh completion of ringback
_ringback() {
  local path_="" word index
  local -a entries
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "\${path_:+$path_ }$word" in
    ${paths.join("|")}) path_="\${path_:+$path_ }$word" ;;
    esac
  done
  case "$path_" in
${cases.join("\n")}
  esac
  _describe 'ringback' entries || _files
}
if [ "$funcstack[1]" = "_ringback" ]; then _ringback "$@"; else compdef _ringback ringback; fi
`;
}

function fish(branches: readonly Branch[]): string {
  const lines = branches.flatMap(({ path, words }) => {
    const condition = quoted(`test (__ringback_path) = ${JSON.stringify(path)}`);
    return words.map(({ word, about, values, kind }) => {
      const what = kind === "command" ? `-f -a ${quoted(word)}` : `-l ${quoted(word.replace(/^--?/, ""))}`;
      const choices = values.length === 0 ? "" : ` -x -a ${quoted(values.join(" "))}`;
      return `complete -c ringback -n ${condition} ${what}${choices} -d ${quoted(about)}`;
    });
  });
  const paths = branches.filter(({ path }) => path !== "").map(({ path }) => quoted(path));
  return `# fish completion of ringback
function __ringback_path
  set -l path ""
  for word in (commandline -opc)[2..]
    set -l next (string trim "$path $word")
    contains -- "$next" ${paths.join(" ")}; and set path "$next"
  end
  echo "$path"
end
${lines.join("\n")}
`;
}
