/**
 * `node --conditions=ringback-source packages/dashboard/test/shoot.ts URL PATH OUT.png [--dark] [--zh] [--phone]`: a
 * screenshot of one screen.
 */

import { startBrowser } from "./browser.ts";

const [url = "", path = "/", out = "screen.png"] = process.argv.slice(2);
const has = (name: string): boolean => process.argv.includes(name);
const browser = await startBrowser();
const page = await browser.newPage({
  viewport: has("--phone") ? { width: 390, height: 844 } : { width: 1280, height: 900 },
  colorScheme: has("--dark") ? "dark" : "light",
  locale: has("--zh") ? "zh-CN" : "en-GB",
});
page.on("console", (message) => message.type() === "error" && console.log("console:", message.text()));
page.on("pageerror", (error) => console.log("error:", error.message));
await page.goto(url + path);
await page.locator("h1").first().waitFor();
await page.waitForTimeout(1_500);
await page.screenshot({ path: out, fullPage: true });
await browser.close();
