import { relative } from "node:path";
import ts from "typescript";

/** Files whose types come from the OpenAPI document, which has a page of its own. */
const generatedFile = /[\\/]generated[\\/]/;

/** An entry point of a package. */
export interface Entry {
  /** The name that programs import. */
  readonly name: string;
  /** The path of its type declarations. */
  readonly types: string;
}

/**
 * Returns everything that programs can use of a package, as sections of Markdown: per entry point the exported names
 * with their types, and then the types of the package that these mention. A name that an earlier entry point exports
 * too stands there. `folder`: the folder of the built package.
 */
export function apiReport(folder: string, entries: readonly Entry[]): string {
  const program = ts.createProgram(
    entries.map(({ types }) => types),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      strict: true,
      types: [],
    },
  );
  const checker = program.getTypeChecker();
  const printed = new Map<ts.Symbol, string>();
  const sections: string[] = [];
  for (const { name, types } of entries) {
    const file = program.getSourceFile(types);
    const entry = file && checker.getSymbolAtLocation(file);
    if (entry === undefined) throw new Error(`${types} is not a module.`);
    const exported = checker.getExportsOfModule(entry).toSorted((a, b) => compareNames(a.name, b.name));
    const targets = exported.map((symbol) => targetOf(symbol, checker));
    const lines = exported.map((symbol, index) => exportLine(symbol, targets[index] ?? symbol, printed));
    for (const target of targets) if (!printed.has(target)) printed.set(target, name);
    sections.push(section(name, [...lines, ...mentionedLines(targets, name, { checker, folder, printed })]));
  }
  return sections.join("\n");
}

const section = (name: string, lines: readonly string[]) => `## ${name}\n\n\`\`\`ts\n${lines.join("\n")}\n\`\`\`\n`;

const compareNames = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function targetOf(symbol: ts.Symbol, checker: ts.TypeChecker): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function exportLine(symbol: ts.Symbol, target: ts.Symbol, printed: ReadonlyMap<ts.Symbol, string>): string {
  const earlier = printed.get(target);
  if (earlier !== undefined) return `export { ${symbol.name} } from "${earlier}";`;
  return declarationsOf(target);
}

interface Mentions {
  readonly checker: ts.TypeChecker;
  readonly folder: string;
  /** Symbols that the report has, by the entry point under which they stand. */
  readonly printed: Map<ts.Symbol, string>;
}

/** Returns the declarations of the package's own types that the targets mention, directly or through other types. */
function mentionedLines(
  targets: readonly ts.Symbol[],
  entry: string,
  { checker, folder, printed }: Mentions,
): string[] {
  const found: ts.Symbol[] = [];
  const waiting = [...targets];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      const target = symbol && targetOf(symbol, checker);
      if (target !== undefined && !printed.has(target) && isOwn(target, folder)) {
        printed.set(target, entry);
        found.push(target);
        waiting.push(target);
      }
    }
    ts.forEachChild(node, visit);
  };
  for (let symbol = waiting.pop(); symbol !== undefined; symbol = waiting.pop()) {
    for (const declaration of symbol.declarations ?? []) if (!isGenerated(declaration)) visit(declaration);
  }
  return found
    .toSorted((a, b) => compareNames(a.name, b.name))
    .map((symbol) => `// Not exported by an entry point:\n${declarationsOf(symbol)}`);
}

/** True for what is declared at the top level of files in the folder. */
function isOwn(symbol: ts.Symbol, folder: string): boolean {
  const { declarations = [] } = symbol;
  const isInFolder = (file: ts.SourceFile) => !relative(folder, file.fileName).startsWith("..");
  return (
    declarations.length > 0 &&
    declarations.every((declaration) => {
      const { parent } = statementOf(declaration);
      return ts.isSourceFile(parent) && isInFolder(parent);
    })
  );
}

/** A variable is declared inside a statement; everything else is a statement. */
function statementOf(declaration: ts.Declaration): ts.Node {
  return ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
}

const isGenerated = (declaration: ts.Declaration) => generatedFile.test(declaration.getSourceFile().fileName);

const printer = ts.createPrinter({ removeComments: true, newLine: ts.NewLineKind.LineFeed });

function declarationsOf({ name, declarations = [] }: ts.Symbol): string {
  return declarations
    .map((declaration) => {
      if (isGenerated(declaration)) return `export type ${name} = /* from docs/reference/openapi.json */;`;
      const text = statementOf(declaration).getText();
      return printer.printFile(ts.createSourceFile("declaration.d.ts", text, ts.ScriptTarget.ES2022)).trimEnd();
    })
    .join("\n");
}
