import { useAction } from "../../api/action.ts";
import { client } from "../../api/session.ts";
import { Confirm } from "../../parts/dialog.tsx";
import { useText } from "../../language/text.ts";

/** Deletes a key for good. The server refuses if something uses it, and says what. */
export function DeleteKey({ kid, onClose }: { readonly kid: string; readonly onClose: () => void }) {
  const text = useText();
  const remove = useAction({
    run: () => client().delete("/v1/keys/{kid}", { params: { path: { kid } } }),
    changes: ["/v1/keys"],
    done: () => text("common.deleted", { name: kid }),
  });
  return (
    <Confirm
      open
      title={text("resources.delete", { name: kid })}
      verb={text("common.delete")}
      typedName={kid}
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() => remove.mutate(undefined, { onSuccess: onClose })}
    >
      {text("keys.deleteHelp")}
    </Confirm>
  );
}
