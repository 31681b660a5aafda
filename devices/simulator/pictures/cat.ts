import { fur } from './fur.ts';
import { svg } from './svg.ts';

/** It is drawn 260 x 340. */
const SCALE = 1.2;
export const CAT_WIDTH = 312;
export const CAT_HEIGHT = 408;

/** A tabby cat that sits and looks into the camera; `mouth` 0..1 opens with its voice. */
export function cat(mouth: number): Buffer {
  const stripes = [
    'M112 40 L118 78',
    'M130 34 L130 76',
    'M148 40 L142 78',
    'M62 104 Q78 106 88 114',
    'M64 122 Q80 120 90 124',
    'M198 104 Q182 106 172 114',
    'M196 122 Q180 120 170 124',
    'M62 214 Q84 216 96 232',
    'M54 244 Q78 244 92 260',
    'M52 274 Q76 272 90 286',
    'M198 214 Q176 216 164 232',
    'M206 244 Q182 244 168 260',
    'M208 274 Q184 272 170 286',
    'M92 176 Q130 196 168 176',
    'M100 196 Q130 212 160 196',
  ].map((path) => `<path d="${path}" stroke="#3a2f26" stroke-width="9" fill="none" stroke-linecap="round" opacity=".8"/>`);
  const whiskers = [-1, 1].flatMap((side) =>
    [-8, 2, 12].map(
      (drop) =>
        `<path d="M${130 + side * 22} ${138 + drop * 0.4} Q${130 + side * 60} ${130 + drop} ${130 + side * 96} ${126 + drop * 2}" stroke="#f2eee6" stroke-width="1.600" fill="none"/>`,
    ),
  );
  const eye = (x: number): string =>
    `<ellipse cx="${x}" cy="104" rx="16" ry="13" fill="#20180f"/><ellipse cx="${x}" cy="104" rx="14" ry="11.500" fill="#b7c24a"/><ellipse cx="${x}" cy="104" rx="4" ry="11" fill="#0c0a08"/><circle cx="${x + 4}" cy="99" r="3" fill="#fff"/>`;
  const ear = (side: number): string => {
    const x = (offset: number): number => 130 + side * offset;
    return `<path d="M${x(26)} 54 L${x(72)} 2 L${x(78)} 78 Z" fill="url(#fur)"/><path d="M${x(40)} 50 L${x(66)} 20 L${x(70)} 66 Z" fill="#c99a8c"/>`;
  };
  return svg(
    `<g transform="scale(${SCALE})"><defs>
      <radialGradient id="fur" cx=".5" cy=".35" r=".75"><stop offset="0" stop-color="#a58d72"/><stop offset=".7" stop-color="#84705a"/><stop offset="1" stop-color="#5d4d3d"/></radialGradient>
      <filter id="soft" x="-10%" y="-10%" width="120%" height="120%"><feTurbulence type="fractalNoise" baseFrequency=".09 .16" numOctaves="2" seed="4"/><feDisplacementMap in="SourceGraphic" scale="9"/></filter>
    </defs>
    <g filter="url(#soft)">
      <path d="M196 318 Q252 316 246 262 Q244 244 232 250 Q230 290 190 296 Z" fill="url(#fur)"/>
      <path d="M86 150 C40 200 40 270 46 330 L214 330 C220 270 220 200 174 150 Z" fill="url(#fur)"/>
      <path d="M104 160 C96 200 100 240 130 246 C160 240 164 200 156 160 Z" fill="#d8cbb8"/>
      <path d="M92 232 L94 326 Q112 336 122 326 L122 236 Z" fill="#9a846a"/><path d="M138 236 L138 326 Q150 336 166 326 L168 232 Z" fill="#9a846a"/>
      <ellipse cx="108" cy="328" rx="20" ry="9" fill="#d8cbb8"/><ellipse cx="152" cy="328" rx="20" ry="9" fill="#d8cbb8"/>
      ${fur({ seed: 3, count: 2600, x: 130, y: 246, radiusX: 86, radiusY: 88, combX: 130, combY: 60, bands: 7 })}
      ${ear(-1)}${ear(1)}
      <ellipse cx="130" cy="104" rx="74" ry="66" fill="url(#fur)"/>
      ${fur({ seed: 5, count: 2200, x: 130, y: 102, radiusX: 72, radiusY: 64, combX: 130, combY: 128, bands: 6 })}
      ${stripes.join('')}
      <ellipse cx="112" cy="140" rx="24" ry="20" fill="#e6dccb"/><ellipse cx="148" cy="140" rx="24" ry="20" fill="#e6dccb"/><ellipse cx="130" cy="158" rx="18" ry="13" fill="#e6dccb"/>
    </g>
    ${eye(100)}${eye(160)}
    <path d="M120 122 L140 122 L130 133 Z" fill="#b9776b"/><path d="M130 133 L130 142 M130 142 Q120 150 112 144 M130 142 Q140 150 148 144" stroke="#4a3a2e" stroke-width="2.500" fill="none"/>
    ${mouth > 0.05 ? `<ellipse cx="130" cy="${148 + 5 * mouth}" rx="${6 + 4 * mouth}" ry="${3 + 10 * mouth}" fill="#5a1f22"/>` : ''}
    ${whiskers.join('')}</g>`,
    CAT_WIDTH,
    CAT_HEIGHT,
  );
}
