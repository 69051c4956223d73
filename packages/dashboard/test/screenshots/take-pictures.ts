import { temporaryFolder } from "../../../server/test/harness/folder.ts";
import { startServerInProcess } from "../../../server/test/harness/server.ts";
import { startBrowser } from "../browser.ts";
import { settled, sizes, startVisit } from "../visit.ts";
import { quietOf, steadyPicture } from "./quiet-page.ts";
import { startRecordedServer } from "./recorded-server.ts";
import { readRecording, recordingNames, shownHost, type RecordingName } from "./recording.ts";

export interface Picture {
  /** Folder and name, such as `en-dark-phone/home`. */
  readonly name: string;
  /** PNG. */
  readonly file: Buffer;
}

const languages = ["en", "zh"] as const;

/** The names of all pictures: of every screen in both languages, both themes and both sizes. */
export function pictureNames(): readonly string[] {
  const screens = recordingNames.flatMap((name) => Object.keys(readRecording(name).screens));
  return languages.flatMap((language) =>
    views.flatMap(({ theme, size }) => screens.map((screen) => `${language}-${theme}-${size}/${screen}`)),
  );
}

/** In this order each view differs from the one before in one way. */
const views = [
  { theme: "light", size: "desktop" },
  { theme: "dark", size: "desktop" },
  { theme: "dark", size: "phone" },
  { theme: "light", size: "phone" },
] as const;

/** Draws the screens with the present build and the recorded answers. `chosen`: a part of the screens' names. */
export async function* takePictures(chosen = ""): AsyncGenerator<Picture> {
  await using folder = await temporaryFolder();
  await using files = await startServerInProcess({ folder: folder.path });
  for (const name of recordingNames) yield* picturesOf(name, chosen, files.url);
}

async function* picturesOf(name: RecordingName, chosen: string, filesUrl: string): AsyncGenerator<Picture> {
  const recording = readRecording(name);
  const screens = Object.entries(recording.screens).filter(([screen]) => screen.includes(chosen));
  if (screens.length === 0) return;
  await using started = new AsyncDisposableStack();
  const server = started.use(await startRecordedServer(recording, filesUrl));
  const browser = await startBrowser([`--host-resolver-rules=MAP ${shownHost} 127.0.0.1:${server.port}`]);
  started.defer(() => browser.close());
  for (const language of languages) {
    for (const [screen, address] of screens) {
      await using visit = await startVisit(browser, `http://${shownHost}`, { language });
      const { page } = visit;
      const quiet = quietOf(page);
      await page.clock.setFixedTime(recording.now);
      await visit.show(address);
      for (const { theme, size } of views) {
        await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
        await page.setViewportSize(sizes[size]);
        await settled(page);
        await quiet();
        yield { name: `${language}-${theme}-${size}/${screen}`, file: await steadyPicture(page) };
      }
      const faults = [...visit.faults, ...Array.from(server.missing, (key) => `not recorded: ${key}`)];
      if (faults.length > 0)
        throw new Error(`${address}: ${faults.join("\n")}\nnpm run dashboard:screenshots -- --record`);
    }
  }
}
