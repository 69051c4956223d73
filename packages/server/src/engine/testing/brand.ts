/** Returns a number as an id of the type that the caller needs. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the place of the call says which id.
export function branded<Id extends number>(value: number): Id {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
  return value as Id;
}
