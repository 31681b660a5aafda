import sharp from 'sharp';

/** Every 24 s something happens for 5 s that all senses notice. */
export const isEvent = (seconds: number): boolean => seconds % 24 < 5;

/** A picture of a moving disc; a bright flash while something happens. */
export async function jpegAt(seconds: number): Promise<Buffer> {
  const x = 160 + 110 * Math.sin(seconds);
  const flash = isEvent(seconds) ? '#ffd166' : '#3a6ea5';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="240"><rect width="320" height="240" fill="#1d2733"/>
    <rect y="170" width="320" height="70" fill="#2b3a2f"/><circle cx="${x}" cy="${130 + 20 * Math.cos(2 * seconds)}" r="34" fill="${flash}"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg({ quality: 75 }).toBuffer();
}

/** 50 ms of 16 kHz sound: hum and hiss, and a sweeping tone while something happens. */
export function soundAt(seconds: number): Int16Array {
  const loud = isEvent(seconds) ? 0.3 : 0;
  return Int16Array.from({ length: 800 }, (_, i) => {
    const t = (seconds % 24) + i / 16_000;
    const hum = 0.02 * Math.sin(2 * Math.PI * 120 * t) + 0.004 * (Math.random() - 0.5);
    return 32_767 * (hum + loud * Math.sin(2 * Math.PI * (1500 + 900 * Math.sin(3 * t)) * t));
  });
}

/** 32 x 24 degrees: a room, and a warm body that walks through it. */
export function thermalAt(seconds: number): Float32Array {
  const x = 16 + 11 * Math.sin(seconds / 3);
  const heat = isEvent(seconds) ? 40 : 12;
  return Float32Array.from({ length: 768 }, (_, i) => {
    const far = ((i % 32) - x) ** 2 / 8 + (Math.floor(i / 32) - 12) ** 2 / 30;
    return 20 + 0.05 * Math.floor(i / 32) + heat * Math.exp(-far) + 0.2 * Math.random();
  });
}

/** 64 x 48 millimetres: a floor that runs away, a box, and holes without a value. */
export const depthAt = (seconds: number): Uint16Array =>
  Uint16Array.from({ length: 3072 }, (_, i) => {
    const x = i % 64;
    const y = Math.floor(i / 64);
    if (Math.random() < 0.01) return 0;
    if (Math.abs(x - 32 - 15 * Math.sin(seconds / 2)) < 7 && y > 14 && y < 36) return 900;
    return 4000 - 55 * y;
  });

/** Six rows of 100 Hz motion: gravity and a wobble; a knock while something happens. */
export function motionAt(seconds: number): Float32Array {
  const values = new Float32Array(36);
  for (let row = 0; row < 6; row++) {
    const t = seconds + row / 100;
    const knock = isEvent(t) ? 6 * Math.sin(60 * t) * Math.exp(-(t % 24)) : 0;
    values.set(
      [0.4 * Math.sin(t) + knock, 0.3 * Math.cos(1.3 * t), 9.81 + knock / 2, 0.1 * Math.sin(2 * t), 0.05 * knock, 0.2 * Math.cos(t)],
      row * 6,
    );
  }
  return values;
}
