/** The handler has the types that programs for AWS Lambda use. */
import type {
  ALBEvent,
  ALBResult,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyResult,
  LambdaFunctionURLEvent,
} from "aws-lambda";
import { handler } from "../lambda.ts";

export const rest: (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult> = handler;
export const http: (event: APIGatewayProxyEventV2) => Promise<object> = handler;
export const url: (event: LambdaFunctionURLEvent) => Promise<object> = handler;
export const balancer: (event: ALBEvent) => Promise<ALBResult> = handler;
