import type { Parameters } from "./parameters.ts";

/**
 * The numeric settings of a topic or queue. Each row: the parameter, the setting, the smallest and the largest value of
 * the parameter, and the factor that converts the parameter's unit to the setting's unit.
 */
export type Attributes<S> = readonly (readonly [string, keyof S, number, number, number])[];

/** Returns the settings whose parameters the request contains. */
export function attributesOf<S>(parameters: Parameters, attributes: Attributes<S>): Partial<S> {
  const given = attributes.flatMap(([parameter, setting, min, max, unit]) => {
    const value = parameters.integer(parameter, min, max);
    return value === null ? [] : [[setting, value * unit]];
  });
  return Object.fromEntries(given) as Partial<S>;
}
