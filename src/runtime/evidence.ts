import sharp from 'sharp';
import type { Judged } from '../alerts/active-rule.ts';
import type { EvidenceStore } from '../alerts/evidence-store.ts';
import { base64Of, floatsOf } from '../core/base64.ts';
import type { Alert, Pcm, Picture, Sample, SenseScore } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';

/** Longest side of a thumbnail, pixels. */
const THUMBNAIL = 320;
const SOUND_US = 1e6;
/** Chunks of sound kept of each source: a second of the shortest ones. */
const MAX_CHUNKS = 200;

/** What is shown with an alert. */
export interface EvidenceFacts {
  readonly alert: Alert;
  /** What each source of the rule scored at that time, the strongest first. */
  readonly senses: readonly SenseScore[];
  readonly space?: string;
  /** Base64 of float32: what the source gave when the alert was raised. A rule can look for it: `query: {event: ID}`. */
  readonly vector?: string;
  readonly picture: boolean;
  readonly sound: boolean;
}

/** Remembers what the sensors gave last, and keeps it where an alert is raised: a thumbnail of each alert, and a second of its sound. */
export class Evidence {
  readonly #store: EvidenceStore;
  readonly #pictures = new Map<string, Sample<Picture>>();
  readonly #sounds = new Map<string, Sample<Pcm>[]>();

  constructor(store: EvidenceStore) {
    this.#store = store;
  }

  /** Costs next to nothing: samples are remembered, not copied. */
  see(sample: Sample): void {
    const { payload, source } = sample;
    if (payload.kind === 'encoded' || payload.kind === 'rgb24') this.#pictures.set(source, { ...sample, payload });
    if (payload.kind !== 'pcm') return;
    let chunks = this.#sounds.get(source);
    if (!chunks) {
      chunks = [];
      this.#sounds.set(source, chunks);
    }
    chunks.push({ ...sample, payload });
    const newestUs = sample.timeUs + sample.durationUs;
    while (chunks.length > MAX_CHUNKS || (chunks[0] && chunks[0].timeUs + chunks[0].durationUs < newestUs - 3 * SOUND_US)) chunks.shift();
  }

  /** Keeps what there is to an alert that was raised just now. Rejects with what the file system says. */
  async keep(alert: Alert, senses: readonly SenseScore[], judged: Judged | undefined): Promise<void> {
    const picture = this.#pictures.get(alert.source) ?? [...this.#pictures.values()][0];
    const sound = soundOf(this.#sounds.get(alert.source) ?? [...this.#sounds.values()][0] ?? [], alert.endUs);
    const thumbnail = picture && (await thumbnailOf(picture.payload).catch(() => undefined));
    const facts: EvidenceFacts = {
      alert,
      senses: senses.toSorted((a, b) => b.spreads - a.spreads),
      ...(judged && { space: judged.space, vector: base64Of(Float32Array.from(judged.vector)) }),
      picture: thumbnail !== undefined,
      sound: sound !== undefined,
    };
    if (thumbnail) await this.#store.put(alert.id, '.jpg', thumbnail);
    if (sound) await this.#store.put(alert.id, '.wav', sound);
    await this.#store.put(alert.id, '.json', JSON.stringify(facts));
  }

  async facts(id: string): Promise<EvidenceFacts | undefined> {
    const bytes = await this.#store.get(id, '.json');
    return bytes && (JSON.parse(bytes.toString('utf8')) as EvidenceFacts);
  }

  file(id: string, kind: 'picture' | 'sound'): Promise<Buffer | undefined> {
    return this.#store.get(id, kind === 'picture' ? '.jpg' : '.wav');
  }

  /** The vector of a past alert. */
  async vector(id: string): Promise<SpaceVector | undefined> {
    const facts = await this.facts(id);
    if (facts?.space === undefined || facts.vector === undefined) return undefined;
    return { space: facts.space, vector: floatsOf(facts.vector) };
  }
}

function thumbnailOf(picture: Picture): Promise<Buffer> {
  const image =
    picture.kind === 'encoded'
      ? sharp(picture.bytes, { limitInputPixels: 64e6 })
      : sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } });
  return image.resize({ width: THUMBNAIL, height: THUMBNAIL, fit: 'inside', withoutEnlargement: true }).jpeg({ quality: 75 }).toBuffer();
}

/** The second before `endUs` as a WAV file of 16 bits; undefined where there is none. */
function soundOf(chunks: readonly Sample<Pcm>[], endUs: number): Uint8Array | undefined {
  const inside = chunks.filter(({ timeUs, durationUs }) => timeUs + durationUs > endUs - SOUND_US && timeUs < endUs);
  const [first] = inside;
  if (!first) return undefined;
  const { rateHz } = first.payload;
  const length = inside.reduce((sum, { payload }) => sum + payload.data.length, 0);
  const bytes = new Uint8Array(44 + 2 * length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string): void => void new TextEncoder().encodeInto(word, bytes.subarray(at, at + 4));
  text(0, 'RIFF');
  view.setUint32(4, 36 + 2 * length, true);
  text(8, 'WAVE');
  text(12, 'fmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, 2 * rateHz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, 2 * length, true);
  let at = 44;
  for (const { payload } of inside)
    for (const value of payload.data) {
      view.setInt16(at, Math.round(32_767 * Math.max(-1, Math.min(1, value))), true);
      at += 2;
    }
  return bytes;
}
