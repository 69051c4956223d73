/** NestJS. `rawBody: true` makes its body parser keep the bytes. */
import "reflect-metadata";
import { Controller, Module, Post, Req, Res } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { type NodeRequest, type NodeResponse, toNodeHandler } from "@ringback/sdk/receive";
import { port, receiver } from "./receiver.ts";

const handle = toNodeHandler(receiver);

@Controller("webhooks")
class WebhooksController {
  @Post()
  receive(@Req() request: NodeRequest, @Res() response: NodeResponse): void {
    handle(request, response);
  }
}

@Module({ controllers: [WebhooksController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { rawBody: process.env["RAW_BODY"] !== "false" });
await app.listen(port, "127.0.0.1");
