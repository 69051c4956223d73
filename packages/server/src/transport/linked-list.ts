/** A member of a {@link LinkedList}. A member can be in one list at a time. Only the list writes these fields. */
export interface Linked<T> {
  previous: T | null;
  next: T | null;
}

/** A queue that allows removal from the middle. Allocates no memory, because each POST uses two such queues. */
export class LinkedList<T extends Linked<T>> {
  first: T | null = null;
  #last: T | null = null;

  append(node: T): void {
    node.previous = this.#last;
    node.next = null;
    if (this.#last === null) this.first = node;
    else this.#last.next = node;
    this.#last = node;
  }

  /** The node must be in this list. */
  remove(node: T): void {
    if (node.previous === null) this.first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.#last = node.previous;
    else node.next.previous = node.previous;
    node.previous = null;
    node.next = null;
  }
}
