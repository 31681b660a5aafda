import type { VNode } from 'preact';
import { liveSource } from '../data/live.ts';
import { useDraw } from './use-draw.ts';

/** The newest picture of a camera. One is decoded at a time; what came meanwhile is passed over. */
export function PictureView({ source, label }: { readonly source: string; readonly label: string }): VNode {
  const canvas = useDraw<HTMLCanvasElement>(source, 30, (element) => {
    const live = liveSource(source);
    const context = element.getContext('2d', { alpha: false });
    let drawn = 0;
    let isDecoding = false;
    const show = async (bytes: Uint8Array): Promise<void> => {
      // The view belongs to the message's buffer, which nobody writes to again.
      const picture = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'image/jpeg' }));
      if (element.width !== picture.width) element.width = picture.width;
      if (element.height !== picture.height) element.height = picture.height;
      context?.drawImage(picture, 0, 0);
      picture.close();
    };
    const draw = (): void => {
      if (isDecoding || live.version === drawn || live.newest?.format !== 'jpeg') return;
      drawn = live.version;
      isDecoding = true;
      // A picture that cannot be decoded is counted by the server; the tile keeps the one before.
      void show(live.newest.data)
        .catch(() => undefined)
        .finally(() => (isDecoding = false));
    };
    return { draw };
  });
  return <canvas ref={canvas} class="media" role="img" aria-label={label} />;
}
