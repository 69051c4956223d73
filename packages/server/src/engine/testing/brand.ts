/** Returns a number as an id of the type that the caller needs. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller determines the type of the id.
export function branded<Id extends number>(value: number): Id {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
  return value as Id;
}
