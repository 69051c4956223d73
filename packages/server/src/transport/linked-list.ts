/** What can stand in one {@link LinkedList} at a time. The list alone writes these members. */
export interface Linked<T> {
  previous: T | null;
  next: T | null;
}

/** First in, first out, with removal from the middle, and nothing allocated: this runs twice per POST. */
export class LinkedList<T extends Linked<T>> {
  first: T | null = null;
  private last: T | null = null;

  append(node: T): void {
    node.previous = this.last;
    node.next = null;
    if (this.last === null) this.first = node;
    else this.last.next = node;
    this.last = node;
  }

  /** The node must be in this list. */
  remove(node: T): void {
    if (node.previous === null) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.last = node.previous;
    else node.next.previous = node.previous;
    node.previous = null;
    node.next = null;
  }
}
