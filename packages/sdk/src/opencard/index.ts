export { opencard, type OpencardReply } from "../protocols/opencard.ts";
export { opencardKeyFault } from "../protocols/opencard-key.ts";
export { badParameters, type CardAnswer, type CardData, found, type FoundOptions, noResult } from "./card-answer.ts";
export type { CardLocation, CardRequest } from "./card-request.ts";
export { type CardHandler, createOpencardReceiver, type OpencardReceiverOptions } from "./create-opencard-receiver.ts";
export type { OpencardKeys } from "./opencard-keys.ts";
