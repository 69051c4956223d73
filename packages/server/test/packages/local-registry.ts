import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listening } from "../harness/listening.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/**
 * Starts a registry on the loopback address that has these packages, as if they were published. All others are looked
 * up in the registry `elsewhere`. `archives`: the folder of the packed files.
 */
export async function localRegistry(
  archives: string,
  manifests: readonly Manifest[],
  elsewhere: string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const files = new Map<string, Buffer>();
  for (const { name, version } of manifests) {
    const file = `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
    files.set(name, await readFile(join(archives, file)));
  }
  let url = "";
  const registry = await listening((request, response) => {
    const [, kind, name = ""] = /^\/(archive\/)?(.*)$/.exec(decodeURIComponent(request.url ?? "")) ?? [];
    const bytes = files.get(name);
    const manifest = manifests.find((one) => one.name === name);
    if (bytes === undefined || manifest === undefined) {
      response.writeHead(302, { location: new URL((request.url ?? "").slice(1), elsewhere).href }).end();
    } else if (kind !== undefined) {
      response.end(bytes);
    } else {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(packument(manifest, bytes, `${url}/archive/${encodeURIComponent(name)}`)));
    }
  });
  ({ url } = registry);
  return registry;
}

/** Returns what a registry says of a package with one version. */
function packument(manifest: Manifest, bytes: Buffer, tarball: string): object {
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  return {
    name: manifest.name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist: { tarball, integrity } } },
  };
}
