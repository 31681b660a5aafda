import { noise, uniform } from '../random.ts';
import { svg } from './svg.ts';

/** One of the pictures of a pan on fire that are shown in turn; `size` 0..1 grows it. Transparent around. */
export function flames(seed: number, picture: number, size: number): Buffer {
  const key = seed * 131 + picture;
  const tongue = (x: number, width: number, height: number, index: number): string => {
    const lean = 26 * noise(key, index) * size;
    const base = 286;
    const top = base - height;
    return `M${x - width} ${base} C${x - width * 1.35} ${base - height * 0.38} ${x - width * 0.25 + lean * 0.4} ${base - height * 0.5} ${x + lean} ${top} C${x + width * 0.45 + lean * 0.3} ${base - height * 0.6} ${x + width * 1.4} ${base - height * 0.34} ${x + width} ${base} Z`;
  };
  const layer = (colour: string, count: number, spread: number, height: number, width: number, salt: number, blur: number): string => {
    const paths: string[] = [];
    for (let i = 0; i < count; i++) {
      const place = count === 1 ? 0 : (i / (count - 1)) * 2 - 1;
      const tall = height * size * (1 - 0.5 * place * place) * (0.72 + 0.5 * uniform(key, salt + i));
      paths.push(tongue(456 - 70 + place * spread * size + 6 * noise(key, salt + 50 + i), width * (0.6 + 0.4 * size), tall, salt + i));
    }
    return `<path d="${paths.join(' ')}" fill="${colour}" filter="url(#b${blur})"/>`;
  };
  return svg(`
    <defs>
      <filter id="b2" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="2.2"/></filter>
      <filter id="b5" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="6"/></filter>
      <radialGradient id="glow" cx=".5" cy=".55" r=".5"><stop offset="0" stop-color="#ff9a2a" stop-opacity=".8"/><stop offset="1" stop-color="#ff6a00" stop-opacity="0"/></radialGradient>
      <radialGradient id="smoke" cx=".5" cy=".5" r=".5"><stop offset="0" stop-color="#1c1a19" stop-opacity=".7"/><stop offset="1" stop-color="#1c1a19" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="640" height="480" fill="#160800" opacity="${0.62 * size}"/>
    ${[0, 1, 2, 3, 4, 5].map((i) => `<ellipse cx="${386 + 90 * noise(key, 900 + i)}" cy="${20 + 90 * uniform(key, 920 + i)}" rx="${150 * size}" ry="${70 * size}" fill="url(#smoke)"/>`).join('')}
    <ellipse cx="386" cy="200" rx="${330 * size}" ry="${290 * size}" fill="url(#glow)"/>
    ${layer('#d93a05', 7, 118, 285, 34, 0, 5)}
    ${layer('#ff7a12', 7, 100, 235, 29, 100, 2)}
    ${layer('#ffc02e', 6, 78, 165, 22, 200, 2)}
    ${layer('#fff3b8', 5, 52, 92, 15, 300, 2)}
  `);
}
