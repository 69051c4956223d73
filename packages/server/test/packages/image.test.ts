/**
 * Real: the steps of deploy/Dockerfile, run one by one in root folders that have Node, npm and a few programs; the
 * server as the ordinary user of the image on its read-only root; a receiver. Faked: the base image, which this
 * machine's own programs replace, and the container engine.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import workspace from "../../../../package.json" with { type: "json" };
import manifest from "../../package.json" with { type: "json" };
import { freePort } from "../harness/free-port.ts";
import type { Program } from "../harness/program.ts";
import { emptyRootFault, isRoot } from "./empty-root.ts";
import { buildImage, type Image } from "./image.ts";
import { expectSignedDelivery, urlOf } from "./signed-delivery.ts";

const bytesMax = 40_000_000;
const token = "a-token-that-is-long-enough-for-a-server";

const fault = isRoot ? await emptyRootFault() : "the steps of the image need root";

describe.skipIf(fault !== null)("the image", () => {
  const stack = new AsyncDisposableStack();
  let image: Image;
  beforeAll(async () => {
    image = await buildImage(stack);
  });
  afterAll(() => stack.disposeAsync());

  const start = (command: readonly string[], env: Readonly<Record<string, string>>): Program => {
    const inWorkdir = ["env", `--chdir=${image.workdir}`, ...command];
    return image.root.start(image.volume, inWorkdir, { ...image.env, ...env });
  };

  it("adds little to its base, has the labels of the package, and runs as an ordinary user", async () => {
    const files = await readdir(join(image.root.folder, image.workdir), { recursive: true, withFileTypes: true });
    const sizes = files
      .filter((file) => file.isFile())
      .map(async (file) => (await stat(join(file.parentPath, file.name))).size);
    expect((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)).toBeLessThan(bytesMax);
    expect(image.labels).toEqual({
      "org.opencontainers.image.title": "Ringback",
      "org.opencontainers.image.description": manifest.description,
      "org.opencontainers.image.version": manifest.version,
      "org.opencontainers.image.licenses": manifest.license,
      "org.opencontainers.image.source": workspace.homepage.replace("#readme", ""),
    });
    expect(image.user).toBe("1000:1000");
    expect(await readdir(join(image.root.folder, image.workdir))).toEqual(["node_modules", "package.json", "packages"]);
  });

  it("serves and delivers on a read-only root, and its health check sees when the server is gone", async () => {
    const env = { RINGBACK_LISTEN: `127.0.0.1:${await freePort()}`, RINGBACK_OPERATOR_TOKEN: token };
    await using server = start(image.command, env);
    await expectSignedDelivery(await urlOf(server), token);
    const healthCommand = ["sh", "-c", '"$@" && echo healthy || echo unhealthy', "sh", ...image.healthCommand];
    const healthOf = async () => {
      await using check = start(healthCommand, env);
      await check.ended;
      return check.output();
    };
    expect(await healthOf()).toBe("healthy\n");
    server.signalGroup("SIGTERM");
    await server.ended;
    expect(server.output()).toContain('"msg":"stopped"');
    expect(await healthOf()).toBe("unhealthy\n");
  });

  it("does not serve other machines without an API key, and says how to make one", async () => {
    await using server = start(image.command, {});
    await server.ended;
    expect(server.output()).toContain("api-keys create");
  });

  it("has the command itself, for `docker exec`", async () => {
    await using command = start(["ringback", "version"], {});
    await command.ended;
    expect(command.output()).toContain(`ringback ${manifest.version} `);
  });
});
