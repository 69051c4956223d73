/** Requests to an inbox, as programs send them that know only the URL of the inbox. */

export interface Taken {
  readonly status: number;
  readonly text: string;
  /** Null when the inbox was empty. */
  readonly id: string | null;
  readonly type: string | null;
}

/** Takes a message from an inbox with GET. */
export async function take(url: string, init?: RequestInit): Promise<Taken> {
  const response = await fetch(url, init);
  const { status, headers } = response;
  return {
    status,
    text: await response.text(),
    id: headers.get("ringback-message-id"),
    type: headers.get("content-type"),
  };
}

export function post(url: string, body: string, type = "application/json"): Promise<Taken> {
  return take(url, { method: "POST", body, headers: { "content-type": type } });
}

/** Takes one message after the other with GET, until the inbox is empty. */
export async function takeAll(url: string): Promise<string[]> {
  const texts: string[] = [];
  for (let taken = await take(url); taken.id !== null; taken = await take(url)) texts.push(taken.text);
  return texts;
}
