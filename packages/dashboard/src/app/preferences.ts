import { useSyncExternalStore } from "react";
import type { Language } from "../language/text.ts";

export type Theme = "system" | "light" | "dark";

/** Choices of the reader, for this browser. */
export interface Preferences {
  readonly theme: Theme;
  readonly language: Language;
}

const storageKey = "ringback.preferences";
const listeners = new Set<() => void>();
let current = read();

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // A browser may forbid storage, for example in a frame. The choice then lasts as long as the page.
  }
  applyTheme();
  notify();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

/** The theme that the page has now, also where the reader leaves it to the system. */
export function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, shownTheme);
}

/** Sets the theme of the page, now and when the system's theme changes. */
export function followTheme(): void {
  applyTheme();
  darkSystem().addEventListener("change", () => {
    applyTheme();
    notify();
  });
}

function shownTheme(): "light" | "dark" {
  if (current.theme !== "system") return current.theme;
  return darkSystem().matches ? "dark" : "light";
}

function notify(): void {
  for (const listener of listeners) listener();
}

function applyTheme(): void {
  document.documentElement.dataset["theme"] = shownTheme();
  document.documentElement.lang = current.language === "zh" ? "zh-Hans" : "en";
}

function darkSystem(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Preferences {
  const language: Language = navigator.language.startsWith("zh") ? "zh" : "en";
  const defaults: Preferences = { theme: "system", language };
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? "{}") as Partial<Preferences>;
    return {
      theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : defaults.theme,
      language: stored.language === "en" || stored.language === "zh" ? stored.language : defaults.language,
    };
  } catch {
    return defaults;
  }
}
