/**
 * The JSON of a message that ends in its vector, e.g. `{"source":"mic","vector":[0.0123456789,...]}`. Nine significant digits name a
 * float32 exactly; the shortest text of its double would be twice as long, and `JSON.stringify` three times as slow.
 *
 * @param message has at least one field; the vector's numbers are finite
 */
export function withVector(message: object, vector: Float32Array): string {
  let numbers = '';
  for (let i = 0; i < vector.length; i++) numbers += i === 0 ? (vector[i] ?? 0).toPrecision(9) : `,${(vector[i] ?? 0).toPrecision(9)}`;
  return `${JSON.stringify(message).slice(0, -1)},"vector":[${numbers}]}`;
}
