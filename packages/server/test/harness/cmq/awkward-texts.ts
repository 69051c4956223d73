/** Message bodies that a form, a signature or a shell could change. */
export const awkwardTexts = [
  "plain",
  "你好，世界",
  "emoji 😀 👩‍👩‍👧 ends",
  "a=1&b=2+3%20%zz;c==&&",
  "@/etc/passwd",
  "@",
  "_under_score_",
  " leading, trailing \t\r\n",
  '{"json": "with \\"quotes\\" \\u4f60", "n": 1234567890123456789012}',
  "<xml a='1'>&amp;</xml>",
  "\u0000\u0001\u007f\u0080 controls",
  "e\u0301 is not \u00e9",
  "x".repeat(64 * 1024),
] as const;
