import { describe, expect, it } from 'vitest';
import { transferRaw } from './transfer.ts';

describe('transferRaw', () => {
  it('gives away copies of all frames of a clip, and leaves the caller its own', () => {
    const pool = Buffer.from('abcdef');
    const clip = {
      kind: 'clip' as const,
      frames: [
        { kind: 'encoded' as const, bytes: pool.subarray(1, 3) },
        { kind: 'rgb24' as const, width: 1, height: 1, data: Uint8Array.of(1, 2, 3) },
      ],
    };
    const { raw, transfer } = transferRaw({ kind: 'picture', picture: clip });
    expect(raw).toEqual({
      kind: 'picture',
      picture: {
        kind: 'clip',
        frames: [
          { kind: 'encoded', bytes: Uint8Array.from(Buffer.from('bc')) },
          { kind: 'rgb24', width: 1, height: 1, data: Uint8Array.of(1, 2, 3) },
        ],
      },
    });
    structuredClone(raw, { transfer });
    expect(transfer.map(({ byteLength }) => byteLength)).toEqual([0, 0]);
    expect([pool.toString(), clip.frames[1]]).toEqual(['abcdef', { kind: 'rgb24', width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }]);
  });
});
