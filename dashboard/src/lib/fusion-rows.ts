import type { FusionReport, SourceReport } from '../data/api.ts';
import type { KnownModality } from '../../../src/core/types.ts';

/** One source in the fused vector, or out of it. */
export interface FusionRow {
  readonly source: string;
  readonly modality: SourceReport['modality'];
  /** Share of 1; undefined where it is not in, or a fusion graph weighs by itself. */
  readonly weight: number | undefined;
  readonly isMissing: boolean;
  /** Why it weighs less than it could, or nothing; empty where all is well. */
  readonly why: string;
}

/** What makes a window say little, by sense: what `quality` measures. */
const POOR: Readonly<Record<KnownModality, string>> = {
  image: 'dark, burnt out or covered',
  audio: 'silent or clipped',
  thermal: 'one temperature everywhere',
  depth: 'hardly any distances',
  imu: 'stuck',
};

/** Who is in the fused vector, the heaviest first, then who is missing. */
export function fusionRows({ present, missing, held, weights }: FusionReport, sources: readonly SourceReport[]): FusionRow[] {
  const rows = [...present, ...missing].flatMap((id): FusionRow | readonly [] => {
    const source = sources.find((one) => one.id === id);
    if (!source) return [];
    const isMissing = missing.includes(id);
    const why = isMissing ? 'missing: nothing new of it' : whyLess(source, held.includes(id));
    return { source: id, modality: source.modality, weight: isMissing ? undefined : weights[id], isMissing, why };
  });
  return rows.sort((a, b) => Number(a.isMissing) - Number(b.isMissing) || (b.weight ?? 0) - (a.weight ?? 0));
}

function whyLess({ collapsed, quality = 1, modality }: SourceReport, isHeld: boolean): string {
  if (collapsed) return 'collapsed: the model answers everything alike, so it weighs nothing';
  const poor = Object.entries(POOR).find(([sense]) => sense === modality)?.[1] ?? 'of little quality';
  if (quality < 1) return `${poor}: can say ${Math.round(100 * quality)} %`;
  return isHeld ? 'held: its last vector is old' : '';
}
