import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { liveSource } from '../data/live.ts';
import { Spectrogram } from '../lib/spectrogram.ts';
import { useDraw } from './use-draw.ts';

const COLUMNS = 320;
const ROWS = 96;

/**
 * Scrolling spectrogram of a microphone, about nine seconds. Columns are written into a canvas that wraps around, and shown as two
 * pieces: nothing is shifted pixel by pixel.
 */
export function SoundView({ source, label }: { readonly source: string; readonly label: string }): VNode {
  const readout = useRef<HTMLSpanElement>(null);
  const canvas = useDraw<HTMLCanvasElement>(source, 20, (element) => {
    const live = liveSource(source);
    const ring = new OffscreenCanvas(COLUMNS, ROWS);
    const ringContext = ring.getContext('2d', { alpha: false });
    const context = element.getContext('2d', { alpha: false });
    let spectrogram: Spectrogram | undefined;
    let rateHz = 0;
    let at = 0;
    const draw = (nowMs: number): void => {
      const rate = live.newest?.rateHz ?? 16_000;
      if (live.newest && rate !== rateHz) {
        spectrogram = new Spectrogram(rate, ROWS);
        rateHz = rate;
      }
      let fresh = 0;
      for (let column = spectrogram?.next(live.sound); column; column = spectrogram?.next(live.sound)) {
        ringContext?.putImageData(column, at, 0);
        at = (at + 1) % COLUMNS;
        fresh++;
      }
      if (fresh === 0 || !context) return;
      context.drawImage(ring, at, 0, COLUMNS - at, ROWS, 0, 0, COLUMNS - at, ROWS);
      if (at > 0) context.drawImage(ring, 0, 0, at, ROWS, COLUMNS - at, 0, at, ROWS);
      if (readout.current && nowMs - lastReadoutMs > 250) {
        readout.current.textContent = `${Math.round(spectrogram?.levelDb ?? 0)} dB`;
        lastReadoutMs = nowMs;
      }
    };
    let lastReadoutMs = 0;
    return { draw };
  });
  return (
    <>
      <canvas ref={canvas} class="media stretch" width={COLUMNS} height={ROWS} role="img" aria-label={label} />
      <span class="tag top-right" ref={readout} />
      <span class="tag bottom-left">9 s ago</span>
      <span class="tag bottom-right">now</span>
    </>
  );
}
