import type { SeededRandom } from "./seeded-random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Less than the half of any retention, so that no jump makes a message too old. */
const AHEAD_MS_MAX = 3 * 24 * 3600_000;

/** Sets the machine's clock from time to time. Uses random numbers of its own, so the rest of the run is the same. */
export function jumps(time: VirtualTime, random: SeededRandom): () => void {
  return () => {
    if (!random.chance(0.1)) return;
    const sizeMs = Math.floor(AHEAD_MS_MAX ** random.next());
    time.setAhead(random.chance(0.2) ? 0 : random.chance(0.5) ? sizeMs : -sizeMs);
  };
}
