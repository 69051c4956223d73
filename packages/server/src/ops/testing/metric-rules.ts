/**
 * The rules of `promtool check metrics`, so that the ordinary tests need no Go. `npm run test:ops` asks the linter of
 * Prometheus itself.
 */

const units = ["seconds", "bytes", "celsius", "meters", "volts", "amperes", "joules", "grams", "ratio"];
const otherUnits =
  /^(?:milli|micro|nano|kilo|mega|giga|kibi|mebi)?(?:minutes?|hours?|days?|weeks?|bits?|percent|second|byte)$/;
const prefixed = new RegExp(`^(?:milli|micro|nano|pico|kilo|mega|giga|tera|kibi|mebi|gibi)(?:${units.join("|")})$`);
const abbreviations = new Set(["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"]);

interface Family {
  help: string | null;
  type: string | null;
  readonly samples: { readonly name: string; readonly labels: string }[];
}

/** Returns one sentence for each rule that a metric breaks. */
export function metricFaults(text: string): string[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const series = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(series)) faults.push(`${series}: there are two such series`);
    seen.add(series);
  }
  for (const [name, family] of familiesOf(text)) {
    for (const fault of faultsOf(name, family)) faults.push(`${name}: ${fault}`);
  }
  return faults;
}

function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let family: Family = { help: null, type: null, samples: [] };
  for (const line of text.split("\n")) {
    const [, kind, name = "", value = ""] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind !== undefined) {
      family = families.get(name) ?? { help: null, type: null, samples: [] };
      families.set(name, family);
      family[kind === "HELP" ? "help" : "type"] = value;
    } else if (line !== "") {
      const [, sample = "", labels = ""] = /^([^{ ]+)(?:\{(.*)\})? /.exec(line) ?? [];
      family.samples.push({ name: sample, labels });
    }
  }
  return families;
}

function faultsOf(name: string, { help, type, samples }: Family): string[] {
  const parts = name.split("_");
  const last = type === "counter" ? parts.at(-2) : parts.at(-1);
  const labels = samples.flatMap((each) =>
    [...each.labels.matchAll(/([^=,"]+)="(?:[^"\\]|\\.)*"/g)].map(([, n]) => n ?? ""),
  );
  const checks: readonly (readonly [boolean, string])[] = [
    [help === null || help.trim() === "", "no help text"],
    [type === null, "no type"],
    [(type === "counter") !== name.endsWith("_total"), 'counters, and only they, end with "_total"'],
    [/_(?:bucket|count|sum)$/.test(name), "the suffix is reserved for histograms"],
    [type !== "histogram" && labels.includes("le"), "the label le is reserved for histograms"],
    [parts.some((part) => ["gauge", "counter", "histogram", "summary"].includes(part)), "the type is in the name"],
    [name.includes(":"), "colons are for recording rules"],
    [/[A-Z]/.test(name) || labels.some((label) => /[A-Z]/.test(label)), "snake_case instead of camelCase"],
    [parts.some((part) => abbreviations.has(part)), "a unit is abbreviated"],
    [parts.some((part) => prefixed.test(part) || otherUnits.test(part)), "not a base unit"],
    [
      parts.slice(0, -1).some((part) => units.includes(part)) && !units.includes(last ?? ""),
      "the unit is not the last part",
    ],
  ];
  return checks.flatMap(([isBroken, fault]) => (isBroken ? [fault] : []));
}
