import type { ImuRow } from '../../frontends/imu-tensor.ts';

/** Lines that are described one by one; of more, only the count is said. */
const DESCRIBED = 5;

/**
 * Rows of motion in CSV `t_ms,ax,ay,az,gx,gy,gz` (a heading may stand above) or JSON lines `{timeUs, acc[3], gyro[3]}`; m/s2 and
 * rad/s. An empty CSV field, `nan` or JSON `null` is a channel without a value. Lines that are no row are left out and named.
 */
export function parseMotion(text: string): { readonly rows: ImuRow[]; readonly skipped: string[] } {
  const rows: ImuRow[] = [];
  const faults: string[] = [];
  let bad = 0;
  text.split('\n').forEach((whole, i) => {
    const line = whole.trim();
    if (line === '' || (i === 0 && /^\W*t_ms\b/i.test(line))) return;
    const row = line.startsWith('{') ? rowOfJson(line) : rowOfCsv(line);
    if (typeof row !== 'string') rows.push(row);
    else if (++bad <= DESCRIBED) faults.push(`line ${i + 1}: ${row}`);
  });
  if (bad > DESCRIBED) faults.push(`and ${bad - DESCRIBED} more lines`);
  return { rows, skipped: faults };
}

function rowOfCsv(line: string): ImuRow | string {
  const fields = line.split(',').map((field) => field.trim());
  if (fields.length !== 7) return `${fields.length} fields, wanted the 7 of t_ms,ax,ay,az,gx,gy,gz`;
  const [ms = Number.NaN, ...values] = fields.map((field) => (field === '' || /^nan$/i.test(field) ? Number.NaN : Number(field)));
  if (!Number.isFinite(ms)) return `t_ms is ${JSON.stringify(fields[0]?.slice(0, 20))}, wanted a number`;
  const wrong = fields.findIndex((field, at) => at > 0 && field !== '' && !/^nan$/i.test(field) && !Number.isFinite(Number(field)));
  if (wrong > 0) return `field ${wrong + 1} is ${JSON.stringify(fields[wrong]?.slice(0, 20))}, wanted a number`;
  return { timeUs: ms * 1000, values };
}

function rowOfJson(line: string): ImuRow | string {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return 'no JSON';
  }
  const { timeUs, acc, gyro } = json as { timeUs?: unknown; acc?: unknown; gyro?: unknown };
  if (typeof timeUs !== 'number' || !Number.isFinite(timeUs)) return 'timeUs is no number';
  if (!isTriple(acc)) return 'acc is not three numbers';
  if (!isTriple(gyro)) return 'gyro is not three numbers';
  return { timeUs, values: [...acc, ...gyro].map((value) => value ?? Number.NaN) };
}

const isTriple = (value: unknown): value is (number | null)[] =>
  Array.isArray(value) && value.length === 3 && value.every((one) => one === null || Number.isFinite(one));
