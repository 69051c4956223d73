export { opencard } from "../protocols/opencard.ts";
export type { OpencardReply } from "../protocols/opencard.ts";
export { opencardKeyFault } from "../protocols/opencard-key.ts";
export { badParameters, found, noResult } from "./card-answer.ts";
export type { CardAnswer, CardData, FoundOptions } from "./card-answer.ts";
export type { CardLocation, CardRequest } from "./card-request.ts";
export { createOpencardReceiver } from "./create-opencard-receiver.ts";
export type { CardHandler, OpencardReceiverOptions } from "./create-opencard-receiver.ts";
export type { OpencardKeys } from "./opencard-keys.ts";
