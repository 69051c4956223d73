/** AWS Lambda behind API Gateway (REST or HTTP), a function URL or a load balancer. */
import { toLambdaHandler } from "@ringback/sdk/receive";
import { receiver } from "./receiver.ts";

export const handler = toLambdaHandler(receiver);
