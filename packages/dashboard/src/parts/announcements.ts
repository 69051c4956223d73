import { useSyncExternalStore } from "react";

export interface Announcement {
  readonly id: number;
  readonly sentence: string;
}

const shownMs = 6_000;
const listeners = new Set<() => void>();
let shown: readonly Announcement[] = [];
let lastId = 0;

/** Shows a sentence for some seconds, and has it read aloud by screen readers. */
export function announce(sentence: string): void {
  const announcement = { id: ++lastId, sentence };
  set([...shown, announcement]);
  setTimeout(() => set(shown.filter(({ id }) => id !== announcement.id)), shownMs);
}

export function useAnnouncements(): readonly Announcement[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
}

function set(announcements: readonly Announcement[]): void {
  shown = announcements;
  for (const listener of listeners) listener();
}
