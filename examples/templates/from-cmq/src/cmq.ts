import QcloudApi from "qcloudapi-sdk";

/** Calls an action of CMQ's API, as the old program did. Rejects if CMQ answers with a code. */
export type Cmq = (action: string, parameters: Readonly<Record<string, string | number>>) => Promise<CmqAnswer>;

export interface CmqAnswer {
  readonly code: number;
  readonly message: string;
  readonly msgId?: string;
}

/** The client of the old program. The two marked lines are all that changes. */
export function makeCmq(url: string, secretId: string, secretKey: string): Cmq {
  const { protocol, host } = new URL(url);
  const client = new QcloudApi({
    SecretId: secretId,
    SecretKey: secretKey,
    Region: "gz",
    protocol: protocol.replace(":", ""), // the first line of the move
    host, // the second
  });
  return (Action, parameters) =>
    new Promise((resolve, reject) => {
      client.request({ Action, ...parameters }, (error, answer) => {
        if (error) reject(error);
        else if (answer.code === 0) resolve(answer);
        else reject(new Error(`${Action}: ${answer.code} ${answer.message}`));
      });
    });
}
