import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type ReactNode } from "react";
import { useText } from "../language/text.ts";
import { Button } from "./button.tsx";
import { Loading, ProblemNotice } from "./notice.tsx";

export interface Column<T> {
  readonly key: string;
  readonly title: ReactNode;
  readonly cell: (row: T) => ReactNode;
  /** Numbers stand at the right, so that their digits are aligned. */
  readonly align?: "right";
  /** False: left out on a phone. */
  readonly phone?: boolean;
  /** A width for CSS, such as `8rem`; without one the column shares what is left. */
  readonly width?: string;
}

export interface TableProps<T> {
  /** Name of the table, for screen readers. */
  readonly label: string;
  readonly columns: readonly Column<T>[];
  /** undefined: not read yet. */
  readonly rows: readonly T[] | undefined;
  readonly rowKey: (row: T) => string;
  readonly empty: ReactNode;
  readonly error?: unknown;
  readonly retry?: () => void;
  /** Reads the next page; absent: there is none. Called when the end of the rows comes into view. */
  readonly more?: (() => void) | undefined;
  readonly isReadingMore?: boolean;
}

const rowPx = 36;
/** Shorter tables are as high as their rows; longer ones scroll by themselves and draw only the rows in view. */
const heightPxMax = 18 * rowPx;

/** Rows of a list, read page by page, of which only those in view are drawn. */
export function Table<T>(props: TableProps<T>) {
  const { label, columns, rows, rowKey, empty, error, retry, more, isReadingMore = false } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const count = rows?.length ?? 0;
  const view = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
  });
  const items = view.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (more !== undefined && !isReadingMore && count > 0 && lastShown >= count - 1) more();
  }, [more, isReadingMore, count, lastShown]);
  if (error !== undefined && error !== null && rows === undefined) {
    return (
      <div className="p-4">
        <ProblemNotice error={error} retry={retry} />
      </div>
    );
  }
  if (rows === undefined) return <Loading lines={6} />;
  if (rows.length === 0) return <>{empty}</>;
  const before = items[0]?.start ?? 0;
  const after = view.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <div
        ref={scroller}
        tabIndex={0}
        role="group"
        aria-label={label}
        className="overflow-auto"
        style={{ maxHeight: heightPxMax + rowPx }}
      >
        <table aria-rowcount={more === undefined ? count + 1 : -1} className="w-full border-separate border-spacing-0">
          <Head columns={columns} />
          <tbody>
            {before > 0 && <Gap px={before} columns={columns.length} />}
            {items.map(({ index }) => {
              const row = rows[index];
              return row === undefined ? null : <Row key={rowKey(row)} row={row} index={index} columns={columns} />;
            })}
            {after > 0 && <Gap px={after} columns={columns.length} />}
          </tbody>
        </table>
      </div>
      {more !== undefined && <More more={more} busy={isReadingMore} count={count} />}
    </>
  );
}

const cellShape = "h-9 px-2 first:pl-4 last:pr-4 text-left align-middle";

function cellClass({ align, phone }: Pick<Column<never>, "align" | "phone">): string {
  return `${cellShape} ${align === "right" ? "text-right tabular-nums" : ""} ${phone === false ? "max-sm:hidden" : ""}`;
}

function Head<T>({ columns }: { readonly columns: readonly Column<T>[] }) {
  return (
    <thead>
      <tr>
        {columns.map((column) => (
          <th
            key={column.key}
            scope="col"
            style={{ width: column.width }}
            className={`${cellClass(column)} sticky top-0 z-10 border-b border-line bg-surface text-small font-medium whitespace-nowrap text-muted`}
          >
            {column.title}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Row<T>({
  row,
  index,
  columns,
}: {
  readonly row: T;
  readonly index: number;
  readonly columns: readonly Column<T>[];
}) {
  return (
    <tr aria-rowindex={index + 2} className="hover:bg-paper">
      {columns.map((column) => (
        <td key={column.key} className={`${cellClass(column)} max-w-72 truncate border-b border-line`}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function Gap({ px, columns }: { readonly px: number; readonly columns: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height: px, padding: 0 }} />
    </tr>
  );
}

function More({ more, busy, count }: { readonly more: () => void; readonly busy: boolean; readonly count: number }) {
  const text = useText();
  return (
    <div className="flex items-center justify-between gap-4 px-4 py-1.5 text-small text-muted">
      <span>{text.count("table.shown", count)}</span>
      <Button kind="quiet" busy={busy} onClick={more}>
        {text("table.more")}
      </Button>
    </div>
  );
}
