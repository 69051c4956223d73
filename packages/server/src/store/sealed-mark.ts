/**
 * Part of the stored settings of every subscription that has sealed secrets. Inside a JSON string each quotation mark
 * has a backslash. So no other settings contain this text, except those with a label of the name `sealed`.
 */
export const sealedMark = '"sealed":"';
