/** What one check of `edgebind doctor` came to. */
export interface Finding {
  readonly check: string;
  /** `fail`: something that is asked for will not work; `warning`: it works, or may work, less well than it could. */
  readonly status: 'ok' | 'warning' | 'fail';
  readonly found: string;
  /** What to do about it. */
  readonly todo?: string;
}
