const names = ['ink', 'muted', 'line', 'danger', 'danger-soft', 'accent', 's0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'] as const;

export type ThemeColour = (typeof names)[number];

/** The stylesheet's colours for canvases, which cannot see CSS variables. Read again when the system turns dark or light. */
const colours = new Map<ThemeColour, string>();

function read(): void {
  const style = getComputedStyle(document.documentElement);
  for (const name of names) colours.set(name, style.getPropertyValue(`--${name}`).trim());
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', read);

export function colour(name: ThemeColour): string {
  if (colours.size === 0) read();
  return colours.get(name) ?? '#888';
}

const SERIES = ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7'] as const;

/** The colour that a source has in every chart. */
export const seriesName = (index: number): ThemeColour => SERIES[Math.max(0, index) % SERIES.length] ?? 's0';
