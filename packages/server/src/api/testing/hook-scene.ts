import { afterEach } from "vitest";
import { call } from "./call.ts";
import type { Answer, CallBody } from "./call.ts";
import { scriptedReplies } from "./scripted-replies.ts";
import type { ScriptedPost, ScriptedReply } from "./scripted-replies.ts";
import { createTestApp } from "./test-app.ts";
import type { TestApp, TestParts } from "./test-app.ts";

/**
 * An application whose hooks call programs that reply by a script. `start` creates one for each test. The application
 * is closed after the test.
 */
export class HookScene {
  #app: TestApp | null = null;

  constructor() {
    afterEach(() => this.app.close());
  }

  get test(): TestApp {
    if (this.#app === null) throw new Error("the application has not started");
    return this.#app;
  }

  get app(): TestApp["app"] {
    return this.test.app;
  }

  /** Starts the called programs. Returns the list of POSTs that they got, which grows with each POST. */
  async start(
    script: (post: ScriptedPost) => ScriptedReply | Promise<ScriptedReply>,
    parts: TestParts = {},
  ): Promise<readonly ScriptedPost[]> {
    const transport = scriptedReplies(script);
    this.#app = await createTestApp({}, { transport, ...parts });
    return transport.posts;
  }

  ask(method: string, path: string, given?: CallBody): Promise<Answer> {
    return call(this.app, method, path, given);
  }
}
