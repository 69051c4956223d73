import { useEffect, useState, type ReactNode } from "react";
import { loadText, TextContext, type Text } from "../language/text.ts";
import { usePreferences } from "./preferences.ts";

/** Loads the sentences of the reader's language. Until a chosen language is loaded, the one before stays. */
export function Sentences({ children }: { readonly children: ReactNode }) {
  const { language } = usePreferences();
  const [text, setText] = useState<Text | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void loadText(language).then((loaded) => isCurrent && setText(() => loaded));
    return () => {
      isCurrent = false;
    };
  }, [language]);
  return text === null ? null : <TextContext value={text}>{children}</TextContext>;
}
