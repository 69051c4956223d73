/**
 * Part of the stored settings of a subscription if it has push headers, and only then: inside a JSON string each
 * quotation mark has a backslash, and no other setting has this name and an object as its value.
 */
export const headersText = '"headers":{"';
