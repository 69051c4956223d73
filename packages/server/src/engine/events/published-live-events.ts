import type { EventBus } from "../event-bus.ts";
import { shownMember } from "../live-events.ts";
import type { EventMessages, OwnEvent } from "./event-messages.ts";
import { eventTable, publishedLiveEvents, type PublishedLiveEvent } from "./event-table.ts";

/** Publishes the live events that need no change. Returns the function that ends this. */
export function publishLiveEvents(events: EventBus, messages: EventMessages): () => void {
  return events.subscribe((event) => messages.add(messageEvent(event as PublishedLiveEvent)), publishedLiveEvents);
}

function messageEvent(event: PublishedLiveEvent): OwnEvent {
  const { type, accountId, at } = event;
  const names = Object.keys(eventTable[type].members);
  const members = Object.fromEntries(names.map((name) => [name, shownMember(name, event[name as keyof typeof event])]));
  return { type, accountId, at, members };
}
