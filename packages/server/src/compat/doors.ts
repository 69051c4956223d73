import type { FastifyInstance } from "fastify";
import { addWechatDoor, type WechatDependencies } from "./wechat/door.ts";

export interface DoorDependencies {
  readonly wechat: WechatDependencies;
}

/** Other systems' APIs on the same port, in front of the same engine. Before the application listens. */
export async function addDoors(app: FastifyInstance, { wechat }: DoorDependencies): Promise<void> {
  await addWechatDoor(app, wechat);
}
