/** The part of pngjs, which has no types of its own, that the screenshots use. */
declare module "pngjs" {
  export class PNG {
    constructor(options: { readonly width: number; readonly height: number });
    readonly width: number;
    readonly height: number;
    /** Four bytes per pixel: red, green, blue, opacity. */
    readonly data: Buffer;
    static readonly sync: { read(file: Uint8Array): PNG; write(image: PNG): Buffer };
  }
}
