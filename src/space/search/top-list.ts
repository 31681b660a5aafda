/** The `size` items of the highest scores seen, in constant memory: a binary heap with the worst of them on top. */
export class TopList<T> {
  readonly #size: number;
  readonly #heap: { readonly score: number; readonly item: T }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Below this a new item would not stay. */
  get floor(): number {
    return this.#heap.length < this.#size ? Number.NEGATIVE_INFINITY : (this.#heap[0]?.score ?? Number.NEGATIVE_INFINITY);
  }

  push(score: number, item: T): void {
    const heap = this.#heap;
    if (heap.length < this.#size) {
      heap.push({ score, item });
      let at = heap.length - 1;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if (!this.#swapIfWorse(at, parent)) break;
        at = parent;
      }
      return;
    }
    if (!(score > this.floor)) return;
    heap[0] = { score, item };
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const worse = (heap[left + 1]?.score ?? Number.POSITIVE_INFINITY) < (heap[left]?.score ?? Number.POSITIVE_INFINITY) ? left + 1 : left;
      if (worse >= heap.length || !this.#swapIfWorse(worse, at)) break;
      at = worse;
    }
  }

  /** Best first. */
  sorted(): { readonly score: number; readonly item: T }[] {
    return [...this.#heap].sort((a, b) => b.score - a.score);
  }

  #swapIfWorse(child: number, parent: number): boolean {
    const [a, b] = [this.#heap[child], this.#heap[parent]];
    if (!a || !b || a.score >= b.score) return false;
    this.#heap[child] = b;
    this.#heap[parent] = a;
    return true;
  }
}
