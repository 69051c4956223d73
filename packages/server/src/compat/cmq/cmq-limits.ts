/** CMQ's own limits where they are narrower than Ringback's. Each has its unit in its name. */
export const cmqLimits = {
  nameCharsMax: 64,
  tagsMax: 5,
  tagCharsMax: 16,
  routingKeyBytesMax: 64,
  routingKeyDotsMax: 15,
  bindingKeysMax: 5,
} as const;
