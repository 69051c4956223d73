import { readFileSync } from "node:fs";
import { isRecord } from "./record.ts";

/** The version of the `ringback` package. The relative path is the same from src/ and from dist/. */
export function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  const manifest: unknown = JSON.parse(text);
  if (!isRecord(manifest) || typeof manifest["version"] !== "string") throw new Error("package.json has no version");
  return manifest["version"];
}
