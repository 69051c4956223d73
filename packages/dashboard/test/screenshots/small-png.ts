import { crc32, deflateSync } from "node:zlib";
import { PNG } from "pngjs";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const bitDepth = 8;
const paletteColor = 3;
const colorsMax = 256;
/** The bits of red, green and blue that tell colours apart: all of them, then fewer, until the colours fit. */
const colorMasks = [0xffffff, 0xfefefe, 0xfcfcfc, 0xf8f8f8, 0xf0f0f0, 0xe0e0e0];

/**
 * Writes a screenshot as a PNG with a palette (PNG, third edition, sections 11.2.1 and 11.2.2), which is about a third
 * of the size of the browser's own. An image with more than 256 colours gets coarser ones.
 */
export function smallPng(file: Uint8Array): Buffer {
  const { width, height, data } = PNG.sync.read(file);
  for (const mask of colorMasks) {
    const indexed = indexedBy(data, mask);
    if (indexed !== null) return written(width, height, indexed);
  }
  throw new Error("eight values for each of three channels are more than 256 colours");
}

interface Indexed {
  readonly palette: Buffer;
  /** One byte for each pixel. */
  readonly indexes: Uint8Array;
}

/** Returns null if there are more than 256 colours. The first colour of a group stands for the group. */
function indexedBy(data: Buffer, mask: number): Indexed | null {
  const indexOf = new Map<number, number>();
  const indexes = new Uint8Array(data.length / 4);
  const colors: number[] = [];
  for (let pixel = 0; pixel < indexes.length; pixel++) {
    const color = data.readUIntBE(pixel * 4, 3);
    const known = indexOf.get(color & mask);
    if (known === undefined && colors.length === colorsMax) return null;
    indexes[pixel] = known ?? colors.length;
    if (known !== undefined) continue;
    indexOf.set(color & mask, colors.length);
    colors.push(color);
  }
  const palette = Buffer.alloc(colors.length * 3);
  for (const [index, color] of colors.entries()) palette.writeUIntBE(color, index * 3, 3);
  return { palette, indexes };
}

function written(width: number, height: number, { palette, indexes }: Indexed): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, paletteColor], 8);
  // The first byte of a row is its filter. Zero: none, because indexes of colours are no quantities.
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) rows.set(indexes.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const chunks = [
    chunk("IHDR", header),
    chunk("PLTE", palette),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
