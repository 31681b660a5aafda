import { uniform } from '../random.ts';
import { svg } from './svg.ts';

/** The room as the camera sees it when nothing happens: tiles, window, cupboards, a worktop, a stove with a pan. Opaque. */
export function kitchenRoom(seed: number): Buffer {
  const tiles: string[] = [];
  for (let row = 0; row < 5; row++) {
    for (let column = -1; column < 13; column++) {
      const shade = Math.round(196 + 16 * uniform(seed, row * 31 + column + 7));
      tiles.push(
        `<rect x="${column * 54 + (row % 2) * 27}" y="${150 + row * 29}" width="52" height="27" rx="1.5" fill="rgb(${shade},${shade - 4},${shade - 14})"/>`,
      );
    }
  }
  const doors = [0, 132, 508].map(
    (x) =>
      `<rect x="${x}" y="0" width="130" height="138" fill="url(#wood)"/><rect x="${x + 14}" y="10" width="102" height="112" fill="none" stroke="#6d4a2b" stroke-width="3"/><rect x="${x + 108}" y="92" width="6" height="26" rx="3" fill="#b9b4a8"/>`,
  );
  const drawers = [0, 1].map(
    (row) =>
      `<rect x="4" y="${342 + row * 72}" width="176" height="66" rx="2" fill="url(#wood)" stroke="#5e3f24" stroke-width="2"/><rect x="66" y="${366 + row * 72}" width="50" height="8" rx="4" fill="#b9b4a8"/>`,
  );
  return svg(`
    <defs>
      <linearGradient id="wall" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#cfc6b2"/><stop offset="1" stop-color="#a99f8b"/></linearGradient>
      <linearGradient id="wood" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#9a6f45"/><stop offset="1" stop-color="#83592f"/></linearGradient>
      <linearGradient id="stone" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#6e6a66"/><stop offset="1" stop-color="#4b4845"/></linearGradient>
      <linearGradient id="steel" x1="0" y1="0" x2="1" y2="0"><stop offset="0" stop-color="#8d9094"/><stop offset=".3" stop-color="#d5d8da"/><stop offset=".7" stop-color="#a3a6a9"/><stop offset="1" stop-color="#74777a"/></linearGradient>
      <radialGradient id="day" cx=".4" cy=".3" r=".9"><stop offset="0" stop-color="#f4f8fb"/><stop offset="1" stop-color="#a8c3d6"/></radialGradient>
    </defs>
    <rect width="640" height="480" fill="url(#wall)"/>
    ${tiles.join('')}
    ${doors.join('')}
    <rect x="262" y="0" width="246" height="52" fill="url(#steel)"/><path d="M262 52 L508 52 L470 96 L300 96 Z" fill="url(#steel)"/><rect x="300" y="96" width="170" height="7" fill="#55585b"/>
    <rect x="0" y="296" width="640" height="34" fill="url(#stone)"/><rect x="0" y="328" width="640" height="152" fill="#6b4a2c"/>
    ${drawers.join('')}
    <rect x="236" y="318" width="300" height="162" rx="3" fill="url(#steel)"/><rect x="258" y="372" width="256" height="90" rx="6" fill="#24262a"/><rect x="258" y="356" width="256" height="7" rx="3" fill="#5c5f63"/>
    ${[0, 1, 2, 3].map((knob) => `<circle cx="${290 + knob * 64}" cy="340" r="9" fill="#33363a"/>`).join('')}
    <rect x="232" y="288" width="308" height="16" rx="3" fill="#1f2124"/><rect x="262" y="284" width="100" height="6" fill="#3a3d41"/><rect x="408" y="284" width="100" height="6" fill="#3a3d41"/>
    <path d="M414 250 L502 250 L496 284 L420 284 Z" fill="#3b3e43"/><rect x="500" y="254" width="76" height="7" rx="3" fill="#222427"/>
    <rect x="556" y="338" width="80" height="138" rx="2" fill="url(#wood)" stroke="#5e3f24" stroke-width="2"/>
    <rect x="12" y="196" width="62" height="98" rx="5" fill="#5c2f2a"/><rect x="84" y="222" width="52" height="72" rx="5" fill="#d9d2c2"/><rect x="84" y="222" width="52" height="13" rx="4" fill="#7b6a52"/>
  `);
}
