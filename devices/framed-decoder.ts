import type { DecodedFrame, DecoderStats, FrameDecoder } from '../src/core/decoder.ts';
import { ByteWindow } from './byte-window.ts';

/**
 * What a framing makes of the first bytes it sees. `more`: it cannot tell yet; `skip`: no frame begins here; `bad`: a frame
 * that does not hold; `used`: bytes that belong to a frame still to come (or describe it, as a header line does).
 * `lost` counts bytes of earlier `used` that turned out to belong to nothing. A `bad` of no bytes asks to look again.
 */
export type Finding =
  | { readonly kind: 'more' }
  | { readonly kind: 'skip' | 'bad' | 'used'; readonly bytes: number; readonly lost?: number }
  | { readonly kind: 'frame'; readonly bytes: number; readonly frame: DecodedFrame };

/**
 * Looks at `data[from, to)`. WHAT IT FINDS MAY DEPEND ONLY ON THE BYTES FROM `from` ON, NEVER ON HOW MANY HAVE COME BEYOND
 * THOSE IT NEEDS: that is what makes the frames independent of how the stream was cut. With `ended` no more bytes will come.
 * It may keep state: each finding but `more` moves the start on by exactly its `bytes`.
 */
export type Framing = (data: Uint8Array, from: number, to: number, ended: boolean) => Finding;

export const MORE: Finding = { kind: 'more' };

/** A decoder out of a framing: keeps the window, counts, and resynchronises. */
export function framedDecoder(framing: Framing): FrameDecoder {
  const window = new ByteWindow();
  const stats: DecoderStats = { frames: 0, badFrames: 0, skippedBytes: 0 };
  /** Frames found by `end`, for `next` to hand out. */
  const last: DecodedFrame[] = [];

  const take = (finding: Exclude<Finding, { kind: 'more' }>): DecodedFrame | undefined => {
    window.drop(finding.bytes);
    if (finding.kind === 'frame') {
      stats.frames++;
      return finding.frame;
    }
    if (finding.kind === 'bad') stats.badFrames++;
    if (finding.kind !== 'used') stats.skippedBytes += finding.bytes;
    stats.skippedBytes += finding.lost ?? 0;
    return undefined;
  };

  return {
    stats,
    push: (chunk) => {
      window.push(chunk);
    },
    next: () => {
      while (window.length > 0) {
        const finding = framing(window.data, window.from, window.to, false);
        if (finding.kind === 'more') break;
        const frame = take(finding);
        if (frame) return frame;
      }
      return last.shift();
    },
    end: () => {
      for (;;) {
        const finding = framing(window.data, window.from, window.to, true);
        // A frame that will never be whole may have been a false header in front of good frames: look behind it.
        const settled = finding.kind === 'more' ? ({ kind: 'skip', bytes: Math.min(1, window.length) } as const) : finding;
        const frame = take(settled);
        if (frame) last.push(frame);
        if (settled.kind === 'skip' && settled.bytes === 0) break;
      }
    },
  };
}
