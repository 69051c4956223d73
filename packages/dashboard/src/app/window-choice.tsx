import { windows, type WindowName } from "../api/statistics.ts";
import { Button } from "../parts/button.tsx";
import { useText } from "../language/text.ts";
import { useQueryValue } from "./addresses.ts";

const names = Object.keys(windows) as readonly WindowName[];

/** The window of time in the page's address, with the buttons that choose it. */
export function useWindow() {
  const text = useText();
  const [given, setGiven] = useQueryValue("window");
  const window = names.find((name) => name === given) ?? "1h";
  const buttons = (
    <div role="group" aria-label={text("flow.window")} className="flex">
      {names.map((name) => (
        <Button
          key={name}
          kind={name === window ? "plain" : "quiet"}
          aria-pressed={name === window}
          onClick={() => setGiven(name === "1h" ? "" : name)}
        >
          {text(`flow.${name}`)}
        </Button>
      ))}
    </div>
  );
  return { window, buttons };
}
