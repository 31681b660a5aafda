/** How a column stands: words to the left, numbers to the right. */
export type Align = 'left' | 'right';

/** Rows of text in columns as wide as their widest cell, two spaces apart; the last one is not filled up. */
export function textTable(rows: readonly (readonly string[])[], align: readonly Align[]): string {
  const widths = align.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const cell = (text: string, column: number): string =>
    align[column] === 'right' ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => `${row.map(cell).join('  ').trimEnd()}\n`).join('');
}
