import { createContext, useContext } from "react";
import type en from "./en.json";

export const languages = { en: "English", zh: "简体中文" } as const;
export type Language = keyof typeof languages;

export type TextKey = keyof typeof en;
/** A key without the ending by which a language chooses its plural. */
type PluralKey = TextKey extends infer K ? (K extends `${infer Base}_other` ? Base : never) : never;

export type TextValues = Readonly<Record<string, string | number>>;

/** Returns the sentence of a key in the reader's language, with the values in place of `{name}`. */
export interface Text {
  (key: TextKey, values?: TextValues): string;
  /** The sentence for a number: `{n}` is the number, and the key's endings are `_one` and `_other`. */
  count(key: PluralKey, n: number, values?: TextValues): string;
  /** The sentence of a key that is known only at run time, such as a state; without one, the name itself. */
  named(prefix: string, name: string): string;
  readonly language: Language;
}

export function createText(language: Language, sentences: Readonly<Record<string, string>>): Text {
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const fill = (sentence: string, values: TextValues): string =>
    sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return typeof value === "number" ? number.format(value) : (value ?? whole);
    });
  const text = (key: string, values: TextValues = {}): string => fill(sentences[key] ?? key, values);
  return Object.assign(text as (key: TextKey, values?: TextValues) => string, {
    count: (key: string, n: number, values: TextValues = {}) => {
      const form = `${key}_${plural.select(n)}`;
      return text(form in sentences ? form : `${key}_other`, { n, ...values });
    },
    named: (prefix: string, name: string) => sentences[`${prefix}.${name}`] ?? name,
    language,
  });
}

/** Only the sentences of the reader's language are loaded. */
export async function loadText(language: Language): Promise<Text> {
  const { default: sentences } = language === "zh" ? await import("./zh.json") : await import("./en.json");
  return createText(language, sentences);
}

export const TextContext = createContext<Text | null>(null);

export function useText(): Text {
  const text = useContext(TextContext);
  if (text === null) throw new Error("there is no TextContext");
  return text;
}
