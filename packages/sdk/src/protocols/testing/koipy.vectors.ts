/**
 * Answers of the sample server in koipy's documentation, recorded byte for byte from the program
 * (examples/koipy-callbacks/sample.py on Python 3.11 with aiohttp 3.8.4 and Pillow 9.4.0). Heads end with the empty
 * line.
 */

import { fromBase64 } from "../base64.ts";

export interface RecordedReply {
  readonly head: string;
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();

function recorded(lines: readonly string[], body: string | Uint8Array): RecordedReply {
  return {
    head: [...lines, "", ""].join("\r\n"),
    body: typeof body === "string" ? encoder.encode(body) : body,
  };
}

/** The PNG of 300 by 200 pixels that the sample draws. */
export const drawnPng: Uint8Array = decoded(
  "iVBORw0KGgoAAAANSUhEUgAAASwAAADICAIAAADdvUsCAAAEHUlEQVR4nO3a23aiSABAUZiV/zZ+OfPAtMsRBDSXE9N7P7lEqEo3xypNxmmaBq" +
    "DzTz0B+NuJEGIihJgIISZCiIkQYiKEmAghJkKIvW0fHsfvmQb8cht/mWYlhNjOSjjz56XwtN3tpJUQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIi" +
    "hJgIISZCiIkQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIihJgIISZCiIkQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIihJgIISZCiIkQYiKEmAghJk" +
    "KIiRBiIoSYCCEmQoiJEGIihJgIISZCiIkQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIihJgIISZCiIkQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIi" +
    "hJgIISZCiIkQYiKEmAghJkKIiRBiIoSYCCEmQoiJEGIihJgIISZCiIkQYiKEmAghJkKIiRBiIvwO4ziO41jPgh/qrZ7AK7kJaZqmr7jyJ16Wly" +
    "DCB0zTNNdyeTBc9XOJ56aom1euNnZ95eF+7ffGWp2YmF+F7eiTrmu5fnzdwPz8JYbLMwcvfnF95eVYywJXS+bHEuEnWN1Mfvxz4LLh4Vha8nst" +
    "tqOf4Gbhulmsro9u7Eh3LTecB+fDD2clfMC9z4HjHzePh/+vZhsFLq98ZA7LtXE5H36+cftdc/5/9Mb6w31kgeWr7UZkO/rC/GLjdxDhCxPe7+" +
    "AzIcRECDERQkyEEBMhxEQIMRFCTIQQEyHERAgxEUJMhBATIcRECDERQkyEEBMhxEQIMRFCTIQQEyHERAgxEUJMhBATIcRECDERQkyEEBMhxEQI" +
    "MRFCTIQQEyHERAgxEUJMhBATIcRECDERQkyEEBMhxEQIMRFCTIQQEyHERAgxEUJMhBATIcRECDERQkyEEBMhxEQIMRFCTIQQEyHERAgxEUJMhB" +
    "ATIcRECDERQkyEEBMhxEQIMRFCTIQQEyHERAixcZqmrcPj8P5+nh+fTqf5wfn8zDOr5pddv2b5zOopj4719AyXU9qd4b1TjozF7zOOwzAMG53t" +
    "rIRzgfOtM99J17fX8WeWzufzzaHlM6tnPTfWE2ddn/vQDJc/18Gx+Du9bR9+fz8Nw7D99r3x7r576PqmPHKbLi/4pWvL+Xw+nU4369iRGYqN43" +
    "YinD2xARs2V4CD5dw764lN7PHhlnvIh85amjOWJffsR3i9I71n9Ua83Hyn0+m5PFbP+qICt4cb/qyKB89afY0OWbW7Hf3v/t640S+HPiuGDcux" +
    "vm70h76J2fAN/yy8tJ1vR1c3hNufkVZfs3vlVctzl2Md3Oge/0b33qDLsYa1+DdeszE9frHdb0f3f0UBfNzzv6IAvtrOZ8LNZRL4BFZCiIkQYi" +
    "KEmAghJkKIiRBiIoSYCCH2L/vUrd6xUY9JAAAAAElFTkSuQmCC",
);

/** `onMessage` for a user who is not blocked: `web.json_response()`, which writes no body. */
export const allowedReply = recorded(
  [
    "HTTP/1.1 200 OK",
    "Content-Type: application/json",
    "Content-Length: 0",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  "",
);

/** `onMessage` for a blocked user. */
export const blockedReply = recorded(
  [
    "HTTP/1.1 403 Forbidden",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Length: 16",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  "你已被拉黑!",
);

/** `onPreSend`: a PNG that is declared as a JPEG, with a status that rejects. */
export const imageRejection = recorded(
  [
    "HTTP/1.1 403 Forbidden",
    "Content-Type: image/jpeg",
    'Content-Disposition: attachment; filename="test.jpg"',
    "Content-Length: 1110",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  drawnPng,
);

/** `onPreSend` for a payload whose `text` is a number, for which the drawing fails. */
export const drawingError = recorded(
  [
    "HTTP/1.1 500 Internal Server Error",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Length: 62",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  "Error generating image: argument of type 'int' is not iterable",
);

/** `onResult`: the payload with one more column. The payload of the call is {@link resultPayload}. */
export const resultReply = recorded(
  [
    "HTTP/1.1 200 OK",
    "Content-Type: application/json; charset=utf-8",
    "Content-Length: 363",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  '{"message": {"from_user": {"username": "somebody"}}, "config": {}, "slaveRequest": {}, "result": {"\\u8282\\u70b9\\u540d\\u79f0": ["\\u9999\\u6e2f 01", "\\u65e5\\u672c 02"], "\\u7c7b\\u578b": ["Shadowsocks", "Vmess"], "\\u7ebf\\u7a0b": 4, "id": 12345678901234567890, "NewKey": ["\\u56de\\u8c03\\u65b0\\u589e\\u6570\\u636e1", "\\u56de\\u8c03\\u65b0\\u589e\\u6570\\u636e1"]}, "addons": {}}',
);

/** `onResult` for a result without the column that the program counts: an exception in the handler. */
export const handlerError = recorded(
  [
    "HTTP/1.1 500 Internal Server Error",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Length: 55",
    "Date: Sun, 22 Nov 2026 00:41:19 GMT",
    "Server: Python/3.11 aiohttp/3.8.4",
    "Connection: close",
  ],
  "500 Internal Server Error\n\nServer got itself in trouble",
);

/** The payload of the `onResult` call, as JSON. */
export const resultPayload =
  '{"message": {"from_user": {"username": "somebody"}}, "config": {}, "slaveRequest": {}, "result": {"节点名称": ["香港 01", "日本 02"], "类型": ["Shadowsocks", "Vmess"], "线程": 4, "id": 12345678901234567890}, "addons": {}}';

function decoded(base64: string): Uint8Array {
  const bytes = fromBase64(base64);
  if (bytes === null) throw new Error("not base64");
  return bytes;
}
