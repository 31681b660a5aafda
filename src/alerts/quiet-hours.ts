import { z } from 'zod';

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day is HH:MM, e.g. "22:00"');

/** `quietHours:` of a rule. */
export const quietHoursSchema = z
  .strictObject({
    from: clock,
    to: clock,
    timeZone: z
      .string()
      .refine((name) => isTimeZone(name), 'not a time zone: write e.g. "Europe/Berlin" or "UTC"')
      .optional()
      .describe('default: that of the machine'),
  })
  .refine(({ from, to }) => from !== to, 'from and to are the same: leave quietHours out, or give two times');

export type QuietHours = z.output<typeof quietHoursSchema>;

const MINUTE_US = 60e6;

/** Whether it is quiet at a moment of event time; `from` is in, `to` is not, and the span may go over midnight. */
export class QuietClock {
  readonly #from: number;
  readonly #to: number;
  readonly #format: Intl.DateTimeFormat;
  #minute = Number.NaN;
  #isQuiet = false;

  constructor({ from, to, timeZone }: QuietHours) {
    this.#from = minuteOf(from);
    this.#to = minuteOf(to);
    this.#format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone });
  }

  isQuiet(timeUs: number): boolean {
    const minute = Math.floor(timeUs / MINUTE_US);
    if (minute !== this.#minute) {
      this.#minute = minute;
      const now = minuteOf(this.#format.format(timeUs / 1000));
      this.#isQuiet = this.#from < this.#to ? now >= this.#from && now < this.#to : now >= this.#from || now < this.#to;
    }
    return this.#isQuiet;
  }
}

const minuteOf = (time: string): number => 60 * Number(time.slice(0, 2)) + Number(time.slice(3, 5));

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
