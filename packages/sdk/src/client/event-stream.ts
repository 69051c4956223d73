/** One event of a `text/event-stream` (WHATWG HTML section 9.2). */
export interface StreamedEvent {
  /** `message` if the server sent no type. */
  readonly type: string;
  readonly data: string;
  /** null: the event has no id of its own. */
  readonly id: string | null;
}

/** Other fields are ignored, so that they cannot fill the memory. */
const known: ReadonlySet<string> = new Set(["id", "event", "data"]);

/** Ringback never sends a larger event. */
const eventCharsMax = 4 * 1024 * 1024;

/** Parses the text of a stream, which may arrive in any pieces, and returns the complete events. */
export class EventStreamReader {
  #rest = "";
  #fields = new Map<string, string>();
  #lastId = "";

  /** The id from which a reader goes on that has all events so far; empty: there was none. */
  get lastId(): string {
    return this.#lastId;
  }

  push(text: string): readonly StreamedEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > eventCharsMax) throw new RangeError(`a line of more than ${eventCharsMax} characters`);
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): StreamedEvent | null {
    if (line === "") return this.#complete();
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    const before = name === "data" ? this.#fields.get(name) : undefined;
    const joined = before === undefined ? value : `${before}\n${value}`;
    if (joined.length > eventCharsMax) throw new RangeError(`an event of more than ${eventCharsMax} characters`);
    if (known.has(name)) this.#fields.set(name, joined);
    return null;
  }

  /** The id of an event counts when the event is complete. */
  #complete(): StreamedEvent | null {
    const id = this.#fields.get("id") ?? null;
    const data = this.#fields.get("data");
    const type = this.#fields.get("event") ?? "";
    this.#fields = new Map();
    this.#lastId = id ?? this.#lastId;
    return data === undefined ? null : { type: type === "" ? "message" : type, data, id };
  }
}
