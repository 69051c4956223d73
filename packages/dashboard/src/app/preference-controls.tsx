import { Select } from "../parts/field.tsx";
import { languages, useText, type Language } from "../language/text.ts";
import { setPreferences, usePreferences, type Theme } from "./preferences.ts";

/** Chooses the theme and the language. Both are kept in this browser. */
export function PreferenceControls() {
  const text = useText();
  const { theme, language } = usePreferences();
  return (
    <div className="flex flex-col gap-2">
      <Select
        aria-label={text("preferences.theme")}
        value={theme}
        onChange={({ target }) => setPreferences({ theme: target.value as Theme })}
      >
        <option value="system">{text("preferences.system")}</option>
        <option value="light">{text("preferences.light")}</option>
        <option value="dark">{text("preferences.dark")}</option>
      </Select>
      <Select
        aria-label={text("preferences.language")}
        value={language}
        onChange={({ target }) => setPreferences({ language: target.value as Language })}
      >
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code} lang={code === "zh" ? "zh-Hans" : code}>
            {name}
          </option>
        ))}
      </Select>
    </div>
  );
}
