import { describe, expect, it } from 'vitest';
import type { SourceReport } from '../data/api.ts';
import { fusionRows } from './fusion-rows.ts';

const source = (id: string, modality: SourceReport['modality'], more: Partial<SourceReport> = {}): SourceReport => ({
  id,
  modality,
  state: 'live',
  reason: '',
  ...more,
});
const fusion = {
  endUs: 1,
  present: ['mic', 'front', 'wrist'],
  missing: ['heat'],
  held: ['wrist'],
  weights: { mic: 0.1, front: 0.6, wrist: 0.3 },
};

describe('fusionRows', () => {
  it('lists who is in by weight, with what lowers it, and then who is missing', () => {
    const sources = [source('front', 'image'), source('mic', 'audio', { quality: 0.2 }), source('wrist', 'imu'), source('heat', 'thermal')];
    expect(fusionRows(fusion, sources).map(({ source: id, weight, why }) => [id, weight, why])).toEqual([
      ['front', 0.6, ''],
      ['wrist', 0.3, 'held: its last vector is old'],
      ['mic', 0.1, 'silent or clipped: can say 20 %'],
      ['heat', undefined, 'missing: nothing new of it'],
    ]);
  });

  it('says of a collapsed source that it weighs nothing, and leaves out sources that are gone', () => {
    const rows = fusionRows({ ...fusion, weights: {} }, [source('front', 'image', { collapsed: true, quality: 0 })]);
    expect(rows).toEqual([
      { source: 'front', modality: 'image', weight: undefined, isMissing: false, why: expect.stringContaining('collapsed') as string },
    ]);
  });
});
