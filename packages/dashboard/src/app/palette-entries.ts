import { useDeferredValue } from "react";
import { useRead } from "../api/queries.ts";
import { signOut, type SignedIn } from "../api/session.ts";
import { languages, useText, type Language, type Text } from "../language/text.ts";
import { to, withQuery } from "./addresses.ts";
import { itemsFor, navigation } from "./navigation.ts";
import { setPreferences } from "./preferences.ts";

export type PaletteEntry = {
  readonly key: string;
  readonly title: string;
  /** The kind of the entry, beside its title. */
  readonly group: string;
} & ({ readonly href: string } | { readonly href?: undefined; readonly run: () => void });

const foundMax = 8;
/** Ids of messages are whole numbers of up to 20 digits. */
const messageId = /^\d{6,20}$/;

/** Meanings of the typed words: screens and actions by their titles, things by their names, a message by its id. */
export function usePaletteEntries(session: SignedIn, typed: string): readonly PaletteEntry[] {
  const text = useText();
  const words = typed.trim().toLowerCase();
  const name = useDeferredValue(typed.trim());
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,127}$/.test(name) && !session.portal;
  const query = { name: `${name}*`, limit: foundMax };
  const subscriptions = useRead("/v1/subscriptions", { params: { query } }, { enabled: isName });
  const topics = useRead("/v1/topics", { params: { query: { limit: 100 } } }, { enabled: isName });
  const fixed = [...screenEntries(session, text), ...actionEntries(session, text)];
  const matching = fixed.filter(({ title, group }) => `${title} ${group}`.toLowerCase().includes(words));
  const message: PaletteEntry[] = messageId.test(words)
    ? [{ key: `message ${words}`, title: words, group: text("palette.message"), href: to.message(words) }]
    : [];
  const namedTopics = (topics.data?.items ?? [])
    .filter((topic) => topic.name.toLowerCase().includes(words))
    .slice(0, foundMax)
    .map((topic) => ({
      key: `topic ${topic.name}`,
      title: topic.name,
      group: text("palette.topic"),
      href: to.topic(topic.name),
    }));
  const namedSubscriptions = (subscriptions.data?.items ?? []).map(({ topic, name }) => ({
    key: `subscription ${topic}/${name}`,
    title: `${topic} / ${name}`,
    group: text("palette.subscription"),
    href: to.subscription(topic, name),
  }));
  return isName ? [...message, ...namedTopics, ...namedSubscriptions, ...matching] : [...message, ...matching];
}

function screenEntries(session: SignedIn, text: Text): PaletteEntry[] {
  return navigation
    .flatMap(({ items }) => itemsFor(session, items))
    .map(({ title, href }) => ({ key: `screen ${href}`, title: text(title), group: text("palette.goTo"), href }));
}

function actionEntries(session: SignedIn, text: Text): PaletteEntry[] {
  const group = text("palette.do");
  const mayWrite = session.role === "operator" || session.role === "admin";
  const themes = (["light", "dark", "system"] as const).map((theme) => ({
    key: `theme ${theme}`,
    title: `${text("preferences.theme")}: ${text(`preferences.${theme}`)}`,
    group,
    run: () => setPreferences({ theme }),
  }));
  const spoken = (Object.keys(languages) as Language[]).map((language) => ({
    key: `language ${language}`,
    title: `${text("preferences.language")}: ${languages[language]}`,
    group,
    run: () => setPreferences({ language }),
  }));
  return [
    ...(mayWrite && !session.portal
      ? [
          { key: "new topic", title: text("palette.newTopic"), group, href: to.newTopic },
          { key: "new replay", title: text("palette.newReplay"), group, href: withQuery(to.replays, { new: "1" }) },
        ]
      : []),
    ...themes,
    ...spoken,
    ...(session.via === "open" || session.portal
      ? []
      : [{ key: "sign out", title: text("shell.signOut"), group, run: () => void signOut() }]),
  ];
}
