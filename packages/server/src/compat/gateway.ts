import type { FastifyInstance } from "fastify";
import { addCmqApi, type CmqDependencies } from "./cmq/api.ts";
import { addWechatApi, type WechatDependencies } from "./wechat/api.ts";

export interface CompatibilityDependencies {
  readonly wechat: WechatDependencies;
  readonly cmq: CmqDependencies;
}

/**
 * Adds other systems' APIs to the application, which must not listen yet. They use the same engine and the same port.
 */
export async function addCompatibilityApis(
  app: FastifyInstance,
  { wechat, cmq }: CompatibilityDependencies,
): Promise<void> {
  await addWechatApi(app, wechat);
  await addCmqApi(app, cmq);
}
