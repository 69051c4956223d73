import type { Browser, BrowserContext, Page } from "playwright-core";
import { until } from "../../server/test/harness/until.ts";

export interface VisitOptions {
  /** Default: light. */
  readonly theme?: "light" | "dark";
  /** Default: English. */
  readonly language?: "en" | "zh";
  /** Default: desktop. */
  readonly size?: keyof typeof sizes;
}

export const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;

/** A page of a browser profile of its own, and what went wrong in the page. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /**
   * Errors in the page's console, uncaught exceptions, dialogs of scripts, and requests to other origins. Answers with
   * an error status are not among them: the screens show them.
   */
  readonly faults: readonly string[];
  /** Shows an address of the dashboard, and waits until its screen has read its data. */
  show(address: string): Promise<void>;
}

/** Opens an empty page. `url` is the server's; nothing may be loaded from elsewhere. */
export async function startVisit(browser: Browser, url: string, options: VisitOptions = {}): Promise<Visit> {
  const { theme = "light", language = "en", size = "desktop" } = options;
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: theme,
    locale: language === "zh" ? "zh-CN" : "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
  });
  // The tests have limits of their own, which suit a busy machine.
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  return {
    page,
    context,
    faults: faultsOf(page, new URL(url).origin),
    async show(address) {
      await page.goto(new URL(address, url).href);
      await settled(page);
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Waits until the page has a title and reads nothing. */
export async function settled(page: Page): Promise<void> {
  await page.locator("h1").first().waitFor();
  const loading = page.getByRole("status").getByText(/^(?:Loading|正在加载)$/);
  await until(
    "nothing is loading",
    () => loading.count(),
    (count) => count === 0,
  );
}

function faultsOf(page: Page, origin: string): readonly string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    const isStatus = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isStatus) faults.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    const { protocol, origin: itsOrigin } = new URL(request.url());
    const isOwn = itsOrigin === origin || protocol === "data:" || protocol === "blob:";
    if (!isOwn) faults.push(`request to ${request.url()}`);
  });
  return faults;
}
