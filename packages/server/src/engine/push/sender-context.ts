import type { AccountId, Disablement, Subscription } from "../../domain/model.ts";
import type { Random } from "../../domain/ports.ts";
import type { ClaimId } from "../../store/log.ts";
import type { EngineServices } from "../services.ts";
import type { FlowContext } from "./flow.ts";
import type { PostContext } from "./post-delivery.ts";
import type { Settler } from "./settler.ts";
import type { Slots } from "./slots.ts";

/** Services that all senders share. */
export interface SenderContext extends PostContext, FlowContext, EngineServices {
  readonly settler: Settler;
  readonly slots: Slots;
  readonly random: Random;
  readonly appIdOf: (accountId: AccountId) => number;
  readonly nextRequestId: () => string;
  /** Called when the endpoint replied 410 Gone, to disable the subscription. */
  readonly gone: (subscription: Subscription, why: Disablement) => void;
  /** False: another process may own the claims of this process. `resume` is called when the claims are confirmed. */
  readonly maySend: () => boolean;
  /** Called when the sender needs another claim. */
  readonly wantsClaim: () => void;
  /** Called when the sender has finished the last delivery of a claim. */
  readonly claimEnded: (claimId: ClaimId) => void;
}
