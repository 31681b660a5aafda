import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import { liveSource } from '../data/live.ts';
import { HeatPicture, type HeatFacts } from '../lib/heat-picture.ts';
import { useDraw } from './use-draw.ts';

/** Small pictures are drawn larger, smoothed, for the eye. */
const LEAST_WIDTH = 320;

const withUnit = (value: number, isDepth: boolean): string => (isDepth ? `${(value / 1000).toFixed(2)} m` : `${value.toFixed(1)} °C`);

const rangeWords = ({ min, max, centre }: HeatFacts, isDepth: boolean): string => {
  const low = withUnit(min, isDepth).split(' ')[0] ?? '';
  return `${low} – ${withUnit(max, isDepth)}${Number.isNaN(centre) ? '' : `, centre ${withUnit(centre, isDepth).split(' ')[0] ?? ''}`}`;
};

/** Heat map of a thermal or depth camera, with its lowest, highest and centre value, and the value under the pointer. */
export function HeatView({ source, label }: { readonly source: string; readonly label: string }): VNode {
  const readout = useRef<HTMLSpanElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const canvas = useDraw<HTMLCanvasElement>(source, 20, (element) => {
    const live = liveSource(source);
    const small = new OffscreenCanvas(1, 1);
    const smallContext = small.getContext('2d', { alpha: false });
    const context = element.getContext('2d', { alpha: false });
    let picture: HeatPicture | undefined;
    let facts: HeatFacts | undefined;
    let drawn = 0;
    let pointer: { readonly x: number; readonly y: number } | undefined;
    const showProbe = (): void => {
      if (!probe.current) return;
      const value = pointer && facts && picture ? picture.valueAt(pixelUnder(pointer, facts)) : undefined;
      if (value === undefined || !picture) probe.current.textContent = '';
      else probe.current.textContent = Number.isNaN(value) ? 'no value' : withUnit(value, picture.isDepth);
    };
    const draw = (): void => {
      if (live.version === drawn || !live.newest || !context) return;
      drawn = live.version;
      if (!picture || picture.isDepth !== (live.newest.format === 'depth-u16')) picture = new HeatPicture(live.newest.format);
      facts = picture.paint(live.newest);
      const { image } = picture;
      if (!facts || !image) return;
      fit(small, facts.width, facts.height);
      const scale = Math.max(1, Math.ceil(LEAST_WIDTH / facts.width));
      fit(element, facts.width * scale, facts.height * scale);
      smallContext?.putImageData(image, 0, 0);
      context.imageSmoothingQuality = 'high';
      context.drawImage(small, 0, 0, element.width, element.height);
      mark(context, facts.maxAt, facts, scale);
      mark(context, facts.minAt, facts, scale);
      if (readout.current) readout.current.textContent = rangeWords(facts, picture.isDepth);
      showProbe();
    };
    element.onpointermove = (event) => {
      const box = element.getBoundingClientRect();
      pointer = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
      showProbe();
    };
    element.onpointerleave = () => {
      pointer = undefined;
      showProbe();
    };
    return { draw };
  });
  return (
    <>
      <canvas ref={canvas} class="media stretch" role="img" aria-label={label} />
      <span class="tag bottom-left" ref={readout} />
      <span class="tag top-right" ref={probe} />
    </>
  );
}

function pixelUnder({ x, y }: { readonly x: number; readonly y: number }, { width, height }: HeatFacts): number {
  const column = Math.min(width - 1, Math.max(0, Math.floor(x * width)));
  const row = Math.min(height - 1, Math.max(0, Math.floor(y * height)));
  return row * width + column;
}

function fit(canvas: HTMLCanvasElement | OffscreenCanvas, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** A ring around a pixel, dark within light, so that it is seen on every colour. */
function mark(context: CanvasRenderingContext2D, at: number, { width }: HeatFacts, scale: number): void {
  const x = ((at % width) + 0.5) * scale;
  const y = (Math.floor(at / width) + 0.5) * scale;
  for (const [style, line] of [
    ['rgb(255 255 255 / 90%)', 3],
    ['rgb(0 0 0 / 90%)', 1],
  ] as const) {
    context.beginPath();
    context.arc(x, y, context.canvas.width / 60, 0, 2 * Math.PI);
    context.strokeStyle = style;
    context.lineWidth = line * (context.canvas.width / 320);
    context.stroke();
  }
}
