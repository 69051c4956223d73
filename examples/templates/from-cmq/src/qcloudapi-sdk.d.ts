declare module "qcloudapi-sdk" {
  /** The part of Tencent's client that the program uses. The package has no types. */
  export default class QcloudApi {
    constructor(options: Readonly<Record<string, string>>);
    request(
      parameters: Readonly<Record<string, string | number>>,
      done: (error: Error | null, answer: { code: number; message: string; msgId?: string }) => void,
    ): void;
  }
}
