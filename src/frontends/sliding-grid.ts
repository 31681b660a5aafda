import type { Tensor } from '../core/types.ts';
import { channelGrid, type ChannelRow } from './channel-grid.ts';
import type { ImuRecipe } from './recipe.ts';

type Terms = Pick<ImuRecipe, 'rateHz' | 'seconds' | 'gaps' | 'maxGapMs'>;

/** What a window was made of, and what it gave. */
interface Before<M> {
  readonly members: readonly M[];
  readonly startUs: number;
  readonly data: Float32Array;
}

/**
 * `channelGrid` for windows of ONE source that overlap: points between readings that stood in the window before are taken from there,
 * so that each is computed once. The result is the same, bit for bit; where that cannot be had (readings that lack a channel, a rate whose
 * points are not whole microseconds apart, windows that start between points) all points are computed.
 */
export class SlidingGrid<M extends object> {
  readonly #channels: number;
  readonly #terms: Terms;
  readonly #rowOf: (member: M) => ChannelRow;
  /** Distance of two points. */
  readonly #pointUs: number;
  #before: Before<M> | undefined;

  constructor(channels: number, terms: Terms, rowOf: (member: M) => ChannelRow) {
    this.#channels = channels;
    this.#terms = terms;
    this.#rowOf = rowOf;
    this.#pointUs = 1e6 / terms.rateHz;
  }

  /**
   * @param members readings in order of time
   * @returns a tensor of its own, `channels` x T
   * @throws PayloadError `NO_ROWS` where a channel has no value at all
   */
  next(members: readonly M[], startUs: number): Tensor {
    return this.#fromBefore(members, startUs) ?? this.#whole(members, startUs);
  }

  #whole(members: readonly M[], startUs: number): Tensor {
    const rows = members.map(this.#rowOf);
    this.#before = undefined;
    const tensor = channelGrid(rows, this.#channels, this.#terms, startUs);
    if (rows.every((row, i) => this.#isPlain(row, rows[i - 1]))) this.#before = { members, startUs, data: tensor.data };
    return tensor;
  }

  #fromBefore(members: readonly M[], startUs: number): Tensor | undefined {
    const before = this.#before;
    const first = members[0];
    if (!before || !first || !Number.isInteger(this.#pointUs)) return undefined;
    const shift = (startUs - before.startUs) / this.#pointUs;
    const length = before.data.length / this.#channels;
    if (!Number.isInteger(shift) || shift < 0 || shift >= length) return undefined;
    const common = commonLength(members, before.members, before.members.indexOf(first));
    const newest = members[common - 1];
    if (!newest) return undefined;
    // Between the first and the newest reading of both windows a point depends on readings of both alone.
    const from = Math.max(0, Math.ceil((this.#rowOf(first).timeUs - startUs) / this.#pointUs));
    const to = Math.min(length - shift, Math.floor((this.#rowOf(newest).timeUs - startUs) / this.#pointUs) + 1);
    if (to <= from) return undefined;
    const fresh = members.slice(common - 1).map(this.#rowOf);
    if (!fresh.every((row, i) => i === 0 || this.#isPlain(row, fresh[i - 1]))) return undefined;
    const data = new Float32Array(before.data.length);
    const { rateHz } = this.#terms;
    const tail = channelGrid(fresh, this.#channels, { ...this.#terms, seconds: (length - to) / rateHz }, startUs + to * this.#pointUs).data;
    const { values } = this.#rowOf(first);
    for (let channel = 0; channel < this.#channels; channel++) {
      const at = channel * length;
      data.fill(this.#terms.gaps === 'zero' ? 0 : (values[channel] ?? 0), at, at + from);
      data.set(before.data.subarray(at + from + shift, at + to + shift), at + from);
      data.set(tail.subarray(channel * (length - to), (channel + 1) * (length - to)), at + to);
    }
    this.#before = { members, startUs, data };
    return { shape: [this.#channels, length], data };
  }

  /** Whether a reading has all its channels and comes after the one before it. */
  #isPlain({ timeUs, values }: ChannelRow, before: ChannelRow | undefined): boolean {
    if (before && before.timeUs >= timeUs) return false;
    for (let channel = 0; channel < this.#channels; channel++) if (!Number.isFinite(values[channel])) return false;
    return true;
  }
}

/** How many members from the first on are also those of the window before, one after the other from `at` on. */
function commonLength<M>(members: readonly M[], before: readonly M[], at: number): number {
  if (at < 0) return 0;
  const most = Math.min(members.length, before.length - at);
  let common = 0;
  while (common < most && members[common] === before[at + common]) common++;
  return common;
}
