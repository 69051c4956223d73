import type { TestApp } from "./test-app.ts";

/**
 * Gives each test an application in the state that `create` makes. A test that changed nothing, for example because its
 * request was refused, leaves its application to the next test: creating one costs more than most tests.
 */
export class ReusedApps<App extends TestApp = TestApp> {
  readonly #create: () => Promise<App>;
  #app: App | null = null;
  /** The state in which `create` left the application. */
  #state = "";

  constructor(create: () => Promise<App>) {
    this.#create = create;
  }

  async next(): Promise<App> {
    if (this.#app !== null && stateOf(this.#app) === this.#state) return this.#app;
    await this.close();
    const app = await this.#create();
    this.#app = app;
    this.#state = stateOf(app);
    return app;
  }

  async close(): Promise<void> {
    await this.#app?.app.close();
    this.#app = null;
  }
}

/** Differs after every change of what is stored, logged or announced, and of what a test sets. */
function stateOf({ store, clock, logLines, auditLines, events, pulls, readiness }: TestApp): string {
  const settings = [
    store.failure === null,
    store.isWritable,
    store.touched,
    store.failing.size,
    pulls.failure === null,
  ];
  const recorded = [logLines, auditLines, events.emitted, pulls.wants, pulls.acknowledged, pulls.putBacks];
  const lengths = recorded.map(({ length }) => length);
  return JSON.stringify([store.changedRows, clock.nowMs, readiness, settings, lengths]);
}
