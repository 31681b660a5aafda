import { noise, uniform } from '../random.ts';
import { svg } from './svg.ts';

export const GLASS_WIDTH = 70;
export const GLASS_HEIGHT = 110;
export const SHARDS_WIDTH = 240;
export const SHARDS_HEIGHT = 70;

/** A wine glass, leaning by so many degrees. */
export const wineGlass = (degrees: number): Buffer =>
  svg(
    `<g transform="rotate(${degrees} 35 55) translate(35 0)" stroke="#f4f8fa" stroke-opacity=".85" stroke-width="1.6">
      <path d="M-20 14 C-25 48 -14 62 0 62 C14 62 25 48 20 14 Z" fill="#dfeaf0" fill-opacity=".45"/><path d="M-21.500 32 C-22 52 -12 60 0 60 C12 60 22 52 21.500 32 Z" fill="#7a1526" fill-opacity=".85" stroke="none"/>
      <rect x="-2" y="62" width="4" height="32" fill="#e6eef2" fill-opacity=".7"/><ellipse cx="0" cy="97" rx="18" ry="4.500" fill="#e6eef2" fill-opacity=".7"/><path d="M-13 22 C-15 36 -12 46 -8 52" fill="none" stroke-width="3"/>
    </g>`,
    GLASS_WIDTH,
    GLASS_HEIGHT,
  );

/** What is left of it on the floor: splinters and a puddle of wine. */
export function shards(seed: number): Buffer {
  const splinters = Array.from({ length: 34 }, (_, i) => {
    const x = 120 + 100 * noise(seed, 3 * i) * Math.abs(noise(seed, 3 * i + 1));
    const y = 38 + 24 * noise(seed, 3 * i + 2);
    const corner = (k: number): string => `${x + 11 * noise(seed + 1, 6 * i + 2 * k)} ${y + 8 * noise(seed + 1, 6 * i + 2 * k + 1)}`;
    return `<path d="M${corner(0)} L${corner(1)} L${corner(2)} Z" fill="#f2f8fb" fill-opacity="${0.5 + 0.45 * uniform(seed + 2, i)}" stroke="#ffffff" stroke-opacity=".7"/>`;
  });
  return svg(
    `<ellipse cx="124" cy="44" rx="74" ry="14" fill="#6d1422" fill-opacity=".8"/>${splinters.join('')}`,
    SHARDS_WIDTH,
    SHARDS_HEIGHT,
  );
}
