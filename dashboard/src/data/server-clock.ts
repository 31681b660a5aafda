let offsetMs = 0;

/** Sets the page's idea of the server's time, in microseconds since the epoch: sensors are stamped by its clock, not the browser's. */
export function setServerTime(timeUs: number): void {
  offsetMs = timeUs / 1000 - Date.now();
}

/** The server's time in milliseconds since the epoch, as well as this page knows it. */
export const serverNowMs = (): number => Date.now() + offsetMs;
