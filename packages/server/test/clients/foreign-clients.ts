import { cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { execFile } from "node:child_process";

const exec = promisify(execFile);

/** A command that runs a client's program. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A client that was written for the cloud, with the program that runs all of its actions. */
export interface ForeignClient {
  /** The client's name in the guide's table of settings. */
  readonly name: string;
  readonly version: string;
  /** Files of the program. The one with the setting of the guide is the first one. */
  readonly program: string;
  /** The language of the guide's code block that the program contains. */
  readonly guideBlock?: "python" | "go";
  /** The tools that the machine must have. */
  readonly needs: readonly string[];
  /** Installs the client and returns the command that runs `text`, the program with its address. */
  readonly prepare: (text: string) => Promise<Command>;
}

/** The address that the guide and the programs contain. */
export const guideHost = "ringback.example:8000";

const here = fileURLToPath(new URL("./", import.meta.url));
/** Packages are installed here. The folder is kept, so that later runs are faster. */
const installed = join(tmpdir(), "ringback-clients");

export const foreignClients: readonly ForeignClient[] = [
  node("Node, `qcloudapi-sdk`", "0.2.1", "node/qcloudapi.ts"),
  node("Node, `cmq-sdk`", "2.1.0", "node/cmq-sdk.ts"),
  node("Node, `tencentcloud-sdk-nodejs` (TDMQ)", "4.1.313", "node/tdmq.ts"),
  python("Python, `qcloud-cmq-sdk-py3`", "0.1", "qcloud-cmq-sdk-py3", "python/cmq_client.py"),
  {
    ...python(
      "Python, `tencentcloud-sdk-python-tdmq`",
      "3.1.130",
      "tencentcloud-sdk-python-tdmq",
      "python/tdmq_client.py",
    ),
    guideBlock: "python",
  },
  {
    name: "Go, `tencentcloud-sdk-go` (TDMQ)",
    version: "1.0.162",
    program: "go/main.go",
    guideBlock: "go",
    needs: ["go version"],
    prepare: async (text) => {
      const cwd = join(installed, "go");
      await cp(join(here, "go"), cwd, { recursive: true });
      await writeFile(join(cwd, "main.go"), text);
      await exec("go", ["build", "-o", "clients", "."], { cwd });
      return { file: join(cwd, "clients"), args: [], cwd };
    },
  },
  {
    name: "Java, `com.qcloud:cmq-http-client`",
    version: "1.0.7",
    program: "java/CmqClient.java",
    needs: ["javac -version", "mvn -version"],
    prepare: async (text) => {
      const cwd = join(installed, "java");
      await mkdir(cwd, { recursive: true });
      await writeFile(join(cwd, "CmqClient.java"), text);
      const jars = join(cwd, "jars");
      if (!(await isFilled(jars))) {
        const copy = ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${jars}`];
        await exec("mvn", ["-f", join(here, "java/pom.xml"), ...copy]);
      }
      await exec("javac", ["-encoding", "UTF-8", "-cp", `${jars}/*`, "CmqClient.java"], { cwd });
      return { file: "java", args: ["-Dfile.encoding=UTF-8", "-cp", `${jars}/*:${cwd}`, "CmqClient"], cwd };
    },
  },
];

function node(name: string, version: string, program: string): ForeignClient {
  return {
    name,
    version,
    program,
    needs: [],
    prepare: async (text) => ({
      file: process.execPath,
      args: ["--conditions=ringback-source", "--input-type=module-typescript", "-e", text],
      cwd: join(here, "node"),
    }),
  };
}

function python(name: string, version: string, packageName: string, program: string): ForeignClient {
  return {
    name,
    version,
    program,
    needs: ["python3 --version"],
    prepare: async (text) => {
      const folder = join(installed, "python");
      const file = join(folder, "bin/python");
      await exec("python3", ["-m", "venv", folder]);
      await exec(file, ["-m", "pip", "install", "-q", `${packageName}==${version}`]);
      // The SDK writes a log file to the working folder.
      const env = { PYTHONPATH: join(here, "python"), PYTHONDONTWRITEBYTECODE: "1" };
      return { file, args: ["-c", text], cwd: folder, env };
    },
  };
}

export async function programText({ program }: ForeignClient): Promise<string> {
  return readFile(join(here, program), "utf8");
}

/** Returns the tools that are missing on this machine. */
export async function missingTools({ needs }: ForeignClient): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const need of needs) {
    const [tool = "", ...args] = need.split(" ");
    await exec(tool, args).catch(() => missing.push(tool));
  }
  return missing;
}

async function isFilled(folder: string): Promise<boolean> {
  return readdir(folder).then(
    (files) => files.length > 0,
    () => false,
  );
}
