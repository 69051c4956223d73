/** Returns the same message `count` times. */
export function copies<T>(count: number, message: T): T[] {
  return Array.from({ length: count }, () => message);
}
