/** One line of the ledger: at every instant `received = emitted + sum(dropped) + inFlight`. */
export interface LedgerLine {
  readonly source: string;
  readonly stage: string;
  readonly received: number;
  readonly emitted: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly inFlight: number;
  /** Worth knowing, but no loss: e.g. `latePartial`, samples that came in time for some of their windows only. */
  readonly noted: Readonly<Record<string, number>>;
  /** Whether the line adds up. False is a bug in EdgeBind. */
  readonly sums: boolean;
}

/**
 * Counts what enters and leaves one stage of one source. `inFlight` is asked of the stage's real queues, never derived from the
 * other counters: a sum that is computed from itself could not fail.
 */
export class Stage {
  readonly source: string;
  readonly name: string;
  #inFlight: () => number;
  readonly #dropped = new Map<string, number>();
  readonly #noted = new Map<string, number>();
  #received = 0;
  #emitted = 0;

  constructor(source: string, name: string, inFlight: () => number = () => 0) {
    this.source = source;
    this.name = name;
    this.#inFlight = inFlight;
  }

  /** From now on `inFlight` is asked of this: the stage has a new holder. The one before must hold nothing any more. */
  heldBy(inFlight: () => number): void {
    this.#inFlight = inFlight;
  }

  receive(count = 1): void {
    this.#received += count;
  }

  emit(count = 1): void {
    this.#emitted += count;
  }

  /** `reason` is a stable camelCase word: it becomes a metric's label. */
  drop(reason: string, count = 1): void {
    if (count > 0) this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + count);
  }

  /** Counts something that is worth knowing but is no loss. */
  note(what: string, count = 1): void {
    this.#noted.set(what, (this.#noted.get(what) ?? 0) + count);
  }

  line(): LedgerLine {
    let lost = 0;
    for (const count of this.#dropped.values()) lost += count;
    const inFlight = this.#inFlight();
    return {
      source: this.source,
      stage: this.name,
      received: this.#received,
      emitted: this.#emitted,
      dropped: Object.fromEntries(this.#dropped),
      inFlight,
      noted: Object.fromEntries(this.#noted),
      sums: this.#received === this.#emitted + lost + inFlight,
    };
  }
}

/** All stages of all sources. Nothing is lost without a name. */
export class Ledger {
  readonly #stages = new Map<string, Stage>();

  /**
   * The stage of that name for that source, made on first use; its counts go on when a source is opened again.
   *
   * @param inFlight how many things the stage holds right now; asked when the ledger is read. The newest that is given counts
   */
  stage(source: string, name: string, inFlight?: () => number): Stage {
    const key = `${source}\u0000${name}`;
    let stage = this.#stages.get(key);
    if (!stage) {
      stage = new Stage(source, name, inFlight);
      this.#stages.set(key, stage);
    } else if (inFlight) stage.heldBy(inFlight);
    return stage;
  }

  /** Every line, in the order in which the stages were made. */
  lines(): LedgerLine[] {
    return [...this.#stages.values()].map((stage) => stage.line());
  }

  /** Whether every line adds up. */
  get sums(): boolean {
    return this.lines().every((line) => line.sums);
  }
}
