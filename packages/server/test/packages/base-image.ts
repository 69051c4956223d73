import { execFile } from "node:child_process";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { EmptyRoot } from "./empty-root.ts";
import { npmProgram } from "./npm.ts";

const run = promisify(execFile);

/** Programs that the steps of the image and npm use. An image of Debian has all of them. */
const programs = ["sh", "env", "mkdir", "chown", "ln", "rm", "tar", "gzip"];

/** Libraries of the system that compiled packages load at run time. */
const libraries = ["librt.so.1", "libresolv.so.2", "libutil.so.1", "libnss_dns.so.2", "libnss_files.so.2"];

/** Puts into the root what the image `node:26-slim` has and our steps need: Node 26, npm, a shell, some programs. */
export async function addBaseImage(root: EmptyRoot): Promise<void> {
  await root.addProgram(process.execPath, "/usr/local/bin/node");
  for (const name of programs) {
    const { stdout } = await run("sh", ["-c", `command -v ${name}`]);
    await root.addProgram(stdout.trim(), `/usr/bin/${name}`);
  }
  const { stdout: linked } = await run("ldd", [process.execPath]);
  const libraryFolder = /=> (\S+)\/libc\.so/.exec(linked)?.[1] ?? "";
  for (const name of libraries) await root.add(join(libraryFolder, name), join(libraryFolder, name));
  await symlink("usr/bin", join(root.folder, "bin"));
  const npm = await npmProgram();
  await root.add(dirname(dirname(npm)), "/usr/local/lib/node_modules/npm");
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(root.folder, "usr/local/bin/npm"));
  for (const folder of ["tmp", "root", "proc", "dev"]) await mkdir(join(root.folder, folder));
  await mkdir(join(root.folder, "etc/ssl"), { recursive: true });
  for (const path of ["etc/resolv.conf", "etc/hosts", "etc/ssl/certs"]) {
    await cp(`/${path}`, join(root.folder, path), { recursive: true, dereference: true });
  }
  await writeFile(join(root.folder, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/tmp:/bin/sh\n");
}
