import type { FastifyInstance } from "fastify";
import { addCmqDoor, type CmqDependencies } from "./cmq/api.ts";
import { addWechatDoor, type WechatDependencies } from "./wechat/api.ts";

export interface DoorDependencies {
  readonly wechat: WechatDependencies;
  readonly cmq: CmqDependencies;
}

/** Other systems' APIs on the same port, in front of the same engine. Before the application listens. */
export async function addDoors(app: FastifyInstance, { wechat, cmq }: DoorDependencies): Promise<void> {
  await addWechatDoor(app, wechat);
  await addCmqDoor(app, cmq);
}
