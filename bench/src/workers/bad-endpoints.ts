import { listenBadly } from "../receiver/bad-endpoints.ts";

/** Endpoints that answer badly, in a process of their own, so that they do not slow down the measured receiver. */
export async function start() {
  const ports = await listenBadly();
  return { ports: () => ports };
}
