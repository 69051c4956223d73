/** One instruction of a Dockerfile. */
export interface Instruction {
  readonly name: string;
  /** The values of its flags, such as `--from=pack`. */
  readonly flags: ReadonlyMap<string, string>;
  readonly text: string;
}

export interface Stage {
  readonly base: string;
  /** The name after `AS`; empty for the image itself. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Reads the instructions that our own Dockerfile uses. */
export function readDockerfile(text: string): readonly Stage[] {
  const stages: { base: string; name: string; instructions: Instruction[] }[] = [];
  const lines = text
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll(/\\\n/g, " ")
    .split("\n");
  for (const line of lines.filter((line) => line.trim() !== "")) {
    const [, name = "", rest = ""] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
    if (name === "FROM") {
      const [base = "", , as = ""] = rest.replace(/^--\S+ +/, "").split(" ");
      stages.push({ base, name: as, instructions: [] });
    } else {
      const [flagText = ""] = /^(?:--\S+ +)*/.exec(rest) ?? [];
      const flags = new Map(
        [...flagText.matchAll(/--([\w-]+)=(\S+)/g)].map(([, flag = "", value = ""]) => [flag, value]),
      );
      stages.at(-1)?.instructions.push({ name, flags, text: rest.slice(flagText.length).trim() });
    }
  }
  return stages;
}

/** Returns the pairs of `NAME=value NAME="value"`. */
export function pairsOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g);
  return Object.fromEntries([...pairs].map(([, name = "", quoted, plain]) => [name, quoted ?? plain ?? ""]));
}
