/** One event of a `text/event-stream` (WHATWG HTML section 9.2). */
export interface StreamEvent {
  /** `message` if the server sent no type. */
  readonly type: string;
  readonly data: string;
}

/** Ringback never sends a larger event. */
export const eventCharsMax = 4 * 1024 * 1024;

/** Parses the stream's text, which may arrive in any pieces, and returns the complete events. */
export class EventStreamParser {
  #rest = "";
  #type = "";
  #data: string[] = [];
  #dataChars = 0;
  #lastId = "";
  #id: string | null = null;

  /** The id from which a reader goes on that has all events so far; empty: there was none. */
  get lastId(): string {
    return this.#lastId;
  }

  push(text: string): readonly StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > eventCharsMax) throw new RangeError(`a line of more than ${eventCharsMax} characters`);
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): StreamEvent | null {
    if (line === "") return this.#complete();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#type = value;
    if (field === "id") this.#id = value;
    if (field === "data") {
      this.#dataChars += value.length;
      if (this.#dataChars > eventCharsMax) throw new RangeError(`an event of more than ${eventCharsMax} characters`);
      this.#data.push(value);
    }
    return null;
  }

  #complete(): StreamEvent | null {
    const event = { type: this.#type === "" ? "message" : this.#type, data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    // The id of an event that did not arrive whole must not count.
    this.#lastId = this.#id ?? this.#lastId;
    this.#id = null;
    this.#type = "";
    this.#data = [];
    this.#dataChars = 0;
    return empty ? null : event;
  }
}
