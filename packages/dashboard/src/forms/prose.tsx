/** A sentence of the API's description, whose words of code are in backticks. */
export function Prose({ children }: { readonly children: string | undefined }) {
  if (children === undefined) return null;
  return children.split("`").map((part, index) =>
    index % 2 === 1 ? (
      <code key={index} className="font-mono">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
