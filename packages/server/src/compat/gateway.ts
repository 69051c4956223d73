import type { FastifyInstance } from "fastify";
import { addCmqApi, type CmqDependencies } from "./cmq/api.ts";
import { addWechatApi, type WechatDependencies } from "./wechat/api.ts";

export interface DoorDependencies {
  readonly wechat: WechatDependencies;
  readonly cmq: CmqDependencies;
}

/** Other systems' APIs on the same port, in front of the same engine. Before the application listens. */
export async function addCompatibilityApis(app: FastifyInstance, { wechat, cmq }: DoorDependencies): Promise<void> {
  await addWechatApi(app, wechat);
  await addCmqApi(app, cmq);
}
