/**
 * What must hold for a `put` to take effect: the thing does not exist yet (`"absent"`), or it has this version. A `put` whose
 * condition does not hold changes nothing and throws `precondition_failed`. Checking and writing are one atomic step, on
 * every node.
 */
export type PutCondition = "absent" | { readonly version: number };
