export interface Arrival {
  readonly messageId: string;
  readonly text: string;
  readonly receivedAt: string;
}

const kept = 100;

// Next loads modules anew when they change; what has arrived stays. A real application writes to its database here.
const holder = globalThis as { arrivals?: Arrival[] };

export function arrivals(): readonly Arrival[] {
  return holder.arrivals ?? [];
}

export function addArrival(arrival: Arrival): void {
  holder.arrivals = [arrival, ...arrivals()].slice(0, kept);
}
