import { encodeFrame } from '../core/binary-frame.ts';
import type { Fused } from '../core/fused.ts';
import type { Embedding, Sense } from '../core/types.ts';
import { encodeVector, type VectorEncoding } from '../core/vector-codec.ts';
import { withVector } from '../core/with-vector.ts';
import type { Encoding } from '../core/wire.ts';
import { FrameCache } from './frame-cache.ts';
import { spliceSub, textFrame, type Frame, type Publication } from './publication.ts';

interface Written {
  /** The header's JSON without op and sub. */
  readonly rest: string;
  readonly bytes: Uint8Array;
}

/** An embedding or a fused vector on its way to the subscribers. */
export class VectorPublication implements Publication {
  readonly key: string;
  readonly source: string;
  readonly modality: Sense;
  readonly size = 1;
  readonly #op: 'embedding' | 'fused';
  readonly #vector: Float32Array;
  readonly #meta: object;
  readonly #written = new Map<VectorEncoding, Written>();
  readonly #frames = new FrameCache();
  #json: string | undefined;

  constructor(op: 'embedding' | 'fused', embedding: Embedding | Fused, publishedUs: number) {
    const { vector, ...meta } = embedding;
    this.key = meta.source;
    this.source = meta.source;
    this.modality = 'modality' in meta ? meta.modality : 'fused';
    this.#op = op;
    this.#vector = vector;
    this.#meta = { ...meta, publishedUs };
  }

  frame(sub: string, encoding: Encoding): Frame {
    return this.#frames.get(sub, encoding, () => {
      if (encoding === 'json') return textFrame(spliceSub(this.#op, sub, this.#asJson()));
      const { rest, bytes } = this.#asBytes(encoding);
      return { bytes: encodeFrame(encoding, spliceSub(this.#op, sub, rest), bytes), isBinary: true };
    });
  }

  #asJson(): string {
    this.#json ??= withVector(this.#meta, this.#vector);
    return this.#json;
  }

  #asBytes(encoding: VectorEncoding): Written {
    let written = this.#written.get(encoding);
    if (!written) {
      const { bytes, scale } = encodeVector(encoding, this.#vector);
      written = { rest: JSON.stringify(scale === undefined ? this.#meta : { ...this.#meta, scale }), bytes };
      this.#written.set(encoding, written);
    }
    return written;
  }
}
