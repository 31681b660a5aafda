/** Size of the simulated camera's picture, pixels. */
export const CAMERA_WIDTH = 640;
export const CAMERA_HEIGHT = 480;

/** A drawing of the given size (default: the whole picture) from its elements. */
export const svg = (elements: string, width: number = CAMERA_WIDTH, height: number = CAMERA_HEIGHT): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${elements}</svg>`,
  );
