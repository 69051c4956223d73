/** CEL expressions that change the request of a push. */
export interface PushTransform {
  /** null: the body of the message. */
  readonly body: string | null;
  /** Further headers by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** null: the URL of the subscription. */
  readonly url: string | null;
}
