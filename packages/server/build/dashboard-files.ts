import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "vite";

export interface DashboardFiles {
  /** By their names in the folder of the dashboard. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The modules that the files were made from. */
  readonly modules: readonly string[];
}

const root = fileURLToPath(new URL("../../dashboard", import.meta.url));

/** Files that compress well; each gets a compressed form for each coding. */
const isText = /\.(?:html|js|css|svg|json)$/;
/** Higher qualities take seconds, and save 3 % more. */
const brotliQuality = 9;

/** Builds the dashboard. Nothing is written. */
export async function buildDashboard(): Promise<DashboardFiles> {
  const built = await inProduction(() => build({ root, logLevel: "error", build: { write: false } }));
  const outputs = Array.isArray(built) ? built : [built];
  const files = new Map<string, Uint8Array>();
  const modules: string[] = [];
  for (const output of outputs) {
    if (!("output" in output)) throw new Error("the build of the dashboard must end");
    for (const file of output.output) {
      if (file.type === "chunk") modules.push(...file.moduleIds);
      addFile(files, file.fileName, Buffer.from(file.type === "chunk" ? file.code : file.source));
    }
  }
  return { files, modules };
}

/** Under tests NODE_ENV is "test", for which Vite would build React with its checks: larger and slower. */
async function inProduction<T>(run: () => Promise<T>): Promise<T> {
  const before = process.env["NODE_ENV"];
  process.env["NODE_ENV"] = "production";
  try {
    return await run();
  } finally {
    if (before === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = before;
  }
}

function addFile(files: Map<string, Uint8Array>, name: string, bytes: Uint8Array): void {
  files.set(name, bytes);
  if (!isText.test(name)) return;
  files.set(`${name}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } }));
  files.set(`${name}.gz`, gzipSync(bytes, { level: 9 }));
}
