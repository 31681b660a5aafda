import sharp from 'sharp';
import type { RgbPicture } from '../../src/core/types.ts';
import { kitchenRoom } from './pictures/kitchen-room.ts';
import { layersAt, type Layer } from './pictures/layers.ts';
import { CAMERA_HEIGHT, CAMERA_WIDTH } from './pictures/svg.ts';
import { gauss, uniform, wander } from './random.ts';
import { daylight, roundSeconds, type Scene } from './scene.ts';

/** Red, green, blue and opacity, interleaved. */
interface Raster {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Rasters kept for each scene; a full one is 1.2 MB. The oldest goes first. */
const MAX_RASTERS = 48;
/** A power of two; the grain starts at another place in each picture. */
const GRAIN_LENGTH = 1 << 18;
/** Deviation of the sensor's noise, in steps of 8 bits. */
const GRAIN_LEVEL = 2.2;

interface Studio {
  /** The empty room, three bytes a pixel. */
  readonly room: Promise<Buffer>;
  readonly rasters: Map<string, Promise<Raster>>;
  readonly grain: Int8Array;
}

const studios = new WeakMap<Scene, Studio>();

function studioOf(scene: Scene): Studio {
  let studio = studios.get(scene);
  if (!studio) {
    const grain = new Int8Array(GRAIN_LENGTH);
    for (let i = 0; i < GRAIN_LENGTH; i++) grain[i] = Math.round(GRAIN_LEVEL * gauss(scene.seed + 71, i));
    studio = { room: sharp(kitchenRoom(scene.seed)).removeAlpha().raw().toBuffer(), rasters: new Map(), grain };
    studios.set(scene, studio);
  }
  return studio;
}

async function rasterise(drawing: Buffer): Promise<Raster> {
  const { data, info } = await sharp(drawing).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

function rasterOf({ rasters }: Studio, { key, draw }: Pick<Layer, 'key' | 'draw'>): Promise<Raster> {
  let raster = rasters.get(key);
  if (!raster) {
    for (const oldest of rasters.keys()) {
      if (rasters.size < MAX_RASTERS) break;
      rasters.delete(oldest);
    }
    raster = rasterise(draw());
    rasters.set(key, raster);
  }
  return raster;
}

/** Lays `raster` over `rgb` with its left top corner at `left`, `top`; what lies outside is cut. */
function blend(rgb: Uint8Array, { width, height, data }: Raster, left: number, top: number): void {
  const firstColumn = Math.max(0, -left);
  const lastColumn = Math.min(width, CAMERA_WIDTH - left);
  const lastRow = Math.min(height, CAMERA_HEIGHT - top);
  for (let row = Math.max(0, -top); row < lastRow; row++) {
    let from = (row * width + firstColumn) * 4;
    let to = ((row + top) * CAMERA_WIDTH + left + firstColumn) * 3;
    for (let column = firstColumn; column < lastColumn; column++, from += 4, to += 3) {
      const opacity = data[from + 3] ?? 0;
      if (opacity === 0) continue;
      // 255 counts as 256 / 256, so that what is opaque hides all behind it.
      const share = opacity + (opacity >> 7);
      for (let c = 0; c < 3; c++) {
        const behind = rgb[to + c] ?? 0;
        rgb[to + c] = behind + ((((data[from + c] ?? 0) - behind) * share) >> 8);
      }
    }
  }
}

/** The exposure wanders by a few per cent, as a camera's does, and follows the day where the scene has one. Q8: 256 is unchanged. */
function exposure(scene: Scene, seconds: number): number {
  const now = roundSeconds(scene, seconds);
  const edge = Math.min(1, now / 2, (scene.loopSeconds - now) / 2);
  return Math.round(256 * (1 + 0.03 * edge * wander(scene.seed + 72, now / 4)) * (0.25 + 0.75 * daylight(scene, seconds)));
}

/**
 * What the camera sees at picture number `index`, with exposure and grain. Drawings are rasterised at their first use and kept; a
 * picture then costs about 4 ms.
 */
export async function renderCamera(scene: Scene, index: number): Promise<RgbPicture> {
  const studio = studioOf(scene);
  const seconds = index / scene.rates.camera;
  const layers = layersAt(scene, seconds);
  const [room, ...rasters] = await Promise.all([studio.room, ...layers.map((layer) => rasterOf(studio, layer))]);
  const data = new Uint8Array(room);
  rasters.forEach((raster, at) => {
    const layer = layers[at];
    if (layer) blend(data, raster, Math.round(layer.x), Math.round(layer.y));
  });
  const gain = exposure(scene, seconds);
  const inRound = Math.round(roundSeconds(scene, seconds) * scene.rates.camera);
  const { grain } = studio;
  const offset = Math.floor(GRAIN_LENGTH * uniform(scene.seed + 73, inRound));
  for (let i = 0; i < data.length; i++) {
    const value = (((data[i] ?? 0) * gain) >> 8) + (grain[(i + offset) & (GRAIN_LENGTH - 1)] ?? 0);
    data[i] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
  return { kind: 'rgb24', width: CAMERA_WIDTH, height: CAMERA_HEIGHT, data };
}

/** The same picture as the JPEG file that a camera would send. */
export async function encodeJpeg({ width, height, data }: RgbPicture): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 82 })
    .toBuffer();
}
