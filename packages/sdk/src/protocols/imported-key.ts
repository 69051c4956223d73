/** A key of Web Crypto. Types of older Nodes have no name for it where there are no types of the DOM. */
export type ImportedKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
