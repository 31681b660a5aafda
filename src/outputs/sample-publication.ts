import { encodeFrame } from '../core/binary-frame.ts';
import type { Modality, Sample } from '../core/types.ts';
import type { SampleMessage } from '../core/wire.ts';
import { FrameCache } from './frame-cache.ts';
import { spliceSub, type Frame, type Publication } from './publication.ts';

/** What the header of a raw sample says beyond its source. */
export type SampleForm = Pick<SampleMessage, 'format' | 'width' | 'height' | 'rateHz' | 'endUs' | 'skipped'>;

/** A picture for a dashboard's tile. */
export class SamplePublication implements Publication {
  readonly key: string;
  readonly source: string;
  readonly modality: Modality;
  readonly size = 1;
  readonly #header: string;
  readonly #body: Uint8Array;
  readonly #frames = new FrameCache();

  constructor(sample: Sample, form: SampleForm, body: Uint8Array) {
    this.key = sample.source;
    this.source = sample.source;
    this.modality = sample.modality;
    this.#header = sampleHeader(sample, form);
    this.#body = body;
  }

  frame(sub: string): Frame {
    return this.#frames.get(sub, 'json', () => ({
      bytes: encodeFrame('raw', spliceSub('sample', sub, this.#header), this.#body),
      isBinary: true,
    }));
  }
}

export const sampleHeader = ({ source, modality, seq, timeUs }: Sample, form: SampleForm): string =>
  JSON.stringify({ source, modality, seq, timeUs, ...form });
