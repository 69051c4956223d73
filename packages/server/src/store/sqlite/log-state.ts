import { closeSync, openSync, readSync, statSync } from "node:fs";

/**
 * The write-ahead log of a database that is not open.
 * `missing`: there is no log with content, and nothing says that an empty log is right.
 * `cut`: the log is shorter than its index says.
 * `whole`: nothing is known to be missing.
 */
export type LogState = "missing" | "cut" | "whole";

// https://www.sqlite.org/walformat.html: the header of the log, the header of a frame, and the header of the index,
// which the index contains twice.
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const INDEX_HEADER_BYTES = 48;

/**
 * Compares the write-ahead log with its index, the file `-shm`, before SQLite opens the database and rebuilds the
 * index. SQLite updates the index after each commit, so the index never has frames that the log did not have. After a
 * loss of power the index may be damaged, and then it proves nothing. SQLite itself cannot see that frames are missing
 * at the end of a log.
 */
export function readLogState(file: string): LogState {
  const logBytes = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  const index = readIndex(`${file}-shm`);
  if (logBytes < LOG_HEADER_BYTES) return index !== null && index.frames === 0 ? "whole" : "missing";
  if (index === null || index.frames === 0) return "whole";
  const header = readStart(`${file}-wal`, LOG_HEADER_BYTES);
  // A log with another salt has been begun anew since.
  if (header?.subarray(16, 24).equals(index.salt) !== true) return "whole";
  const bytes = LOG_HEADER_BYTES + index.frames * (FRAME_HEADER_BYTES + index.pageBytes);
  return logBytes < bytes ? "cut" : "whole";
}

interface LogIndex {
  /** Frames of all commits; 0 after a checkpoint that emptied the log. */
  readonly frames: number;
  readonly pageBytes: number;
  readonly salt: Buffer;
}

/** Returns null when there is no index or it is damaged. */
function readIndex(file: string): LogIndex | null {
  const headers = readStart(file, 2 * INDEX_HEADER_BYTES);
  if (headers === null) return null;
  const header = headers.subarray(0, INDEX_HEADER_BYTES);
  const [isFilled, isRepeated] = [header[12] === 1, header.equals(headers.subarray(INDEX_HEADER_BYTES))];
  if (!isFilled || !isRepeated) return null;
  // The index has the byte order of the machine. 1 means 65,536.
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const isLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const pageBytes = view.getUint16(14, isLittleEndian);
  return {
    frames: view.getUint32(16, isLittleEndian),
    pageBytes: pageBytes === 1 ? 65_536 : pageBytes,
    salt: header.subarray(32, 40),
  };
}

/** Returns null when the file has fewer bytes. */
function readStart(file: string, bytes: number): Buffer | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return null;
  }
  try {
    const buffer = Buffer.alloc(bytes);
    return readSync(descriptor, buffer, 0, bytes, 0) === bytes ? buffer : null;
  } finally {
    closeSync(descriptor);
  }
}
